"""Specifications of listening: decoding, speech, speakers, mood and the report of a call."""
