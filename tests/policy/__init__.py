"""The policy as data: what a rule can look at, files and folders, hours, cases, packs, and the book that holds them."""
