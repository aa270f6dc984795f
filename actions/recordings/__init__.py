"""Recordings at rest: sealed files, and nothing that could read them without the house's key."""
