"""Models of transformers of one kind each, by the name of the hub or from a local folder."""
