"""Making the models of this room from corpora of speech; the running copilot does not come in here."""
