"""mmtool: from films and texts to measured alignments, one file at a time."""

__version__ = "0.1.0"
