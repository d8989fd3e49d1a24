"""Training of the network and of the matcher: one loop, its tasks, LARS, and the presets."""
