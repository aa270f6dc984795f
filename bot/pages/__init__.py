"""Pages: the chat page, where a visitor can be each of the three people."""
