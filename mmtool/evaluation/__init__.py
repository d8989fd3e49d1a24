"""Measures of alignments: pure functions on intervals."""
