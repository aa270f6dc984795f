"""Specifications of training an encoder; `make test-training` runs them, as they need torch."""
