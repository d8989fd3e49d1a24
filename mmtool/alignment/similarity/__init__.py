"""Alignment from the similarity of features alone: time warping and monotone matching."""
