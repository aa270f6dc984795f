"""What a document's file holds, as Markdown: one file a format."""
