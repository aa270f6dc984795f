"""Specifications of listening."""
