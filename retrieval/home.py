"""What a company's home folder holds for its documents; the names of its parts."""

DOCUMENTS = "knowledge/documents"
"""The documents that were taken in, each version a folder."""
VECTORS = "knowledge/vectors"
"""Their vectors, which can be made again at any time."""
