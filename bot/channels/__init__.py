"""Doors to the chat platforms: one file each, two pure translations and one way to send; the roster lists them."""
