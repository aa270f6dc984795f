"""Specifications of phrase: every sentence, in both languages, short enough for a phone."""
