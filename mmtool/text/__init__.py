"""Text files to snippets: reading, decoding, splitting."""
