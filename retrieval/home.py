"""What a company's home folder holds for its documents; the names of its parts."""

DOCUMENTS = "knowledge/documents"
"""The documents that were taken in, each version a folder."""
PICTURES = "knowledge/pictures"
"""What was taken out of the files in the folder of documents to be shown; it can be taken out again at any time."""
VECTORS = "knowledge/vectors"
"""Their vectors, which can be made again at any time."""
