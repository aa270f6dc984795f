"""Trains the encoder that passages and questions are placed in one room by."""
