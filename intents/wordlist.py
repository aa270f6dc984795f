"""Word lists, written as plain text where a list of quoted strings would hide the words."""


def words(text: str) -> tuple[str, ...]:
    """Return the words that blanks separate."""
    return tuple(text.split())
