"""Corpora and checkpoints of other programs → the records of a corpus folder."""
