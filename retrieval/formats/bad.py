"""A document that cannot be read."""


class BadDocumentError(ValueError):
    """The message completes the sentence "skipped, …" for the person who wrote the document."""
