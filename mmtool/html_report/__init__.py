"""The HTML report of alignments."""
