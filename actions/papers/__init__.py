"""Papers for customers: what stands in them, how they are laid out, and their files; between a command and its effect."""
