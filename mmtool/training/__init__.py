"""Samples and batches, LARS, the loop, presets named after the paper's rows."""
