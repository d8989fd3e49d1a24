"""Actions, the network and its stacks, projection and normalisation of features, decoders."""
