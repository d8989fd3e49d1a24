"""Files on disk: a reader and a writer for each format. No other room knows how files are laid out."""
