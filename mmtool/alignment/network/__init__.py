"""The alignment network: its transition system, its stacks, and the decoders that follow its actions."""
