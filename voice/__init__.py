"""Listening: recordings become sound, speech with its speakers, mood and a report; knows nothing of the rooms above."""
