"""Papers for customers: sums, comparison, layout, files, and who may have them."""
