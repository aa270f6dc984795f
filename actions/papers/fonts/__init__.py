"""The letters that papers are printed in, and how they were cut; data for actions/papers/letters.py."""
