"""Training of the alignment network: samples and batches, LARS, the loop, and the paper's presets."""
