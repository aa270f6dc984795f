"""Conversations as YAML, and what plays them against a whole house."""
