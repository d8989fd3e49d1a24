"""Plots of training runs and of alignments, drawn with Matplotlib."""
