"""What each intent leads to: one file per family of the dictionary, one function per intent, listed in the roster."""
