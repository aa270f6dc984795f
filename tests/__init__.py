"""Tests, read as specifications of the house."""
