"""Alignments in the formats of other programs."""
