"""Ground floor: company knowledge in, passages with their source out."""
