"""A document that cannot be read."""

from typing import Literal

Why = Literal["broken", "locked", "no_text", "macros", "too_large", "format", "known", "form"]
"""What is in the way, for those who tell it in another language than the message's."""


class BadDocumentError(ValueError):
    """The message completes the sentence "skipped, …" for the person who wrote the document."""

    def __init__(self, message: str, why: Why = "broken") -> None:
        super().__init__(message)
        self.why: Why = why
