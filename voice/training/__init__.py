"""Training of the built-in speech model: synthetic speech in, a small Whisper checkpoint out."""
