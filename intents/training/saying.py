"""What makes two utterances one saying: the letters and digits, whatever their width, case, blanks and punctuation."""

import unicodedata


def saying(text: str) -> str:
    """Return the letters and digits of a text, folded; the stripped text itself where it has none (emoji)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(char for char in folded if unicodedata.category(char)[0] in "LN")
    return letters or "".join(folded.split())
