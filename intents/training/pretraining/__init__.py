"""How the shipped encoder came to know Chinese and English: `python -m intents.training.pretraining`."""
