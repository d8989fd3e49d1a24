"""Pictures of training runs and of alignments, drawn by Matplotlib."""
