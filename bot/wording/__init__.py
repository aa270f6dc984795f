"""Every sentence Parley says, in both languages, and how values are told in them; used by phrase only."""
