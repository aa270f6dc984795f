"""What a company's home folder holds for understanding; the names of its parts."""

ADDED = "intents"
"""The folder of the intents that the company added, one file each."""
WORDS = "words.yaml"
"""How the company talks."""
LEARNED = "learned"
"""The folder of corrections that somebody looked through; the next training learns from them."""
