"""Customer records: their shapes, the built-in store of them, and (later) outside CRMs behind the same functions."""
