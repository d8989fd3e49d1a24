"""The matcher: how well a snippet fits a clip, learned by one Multiway Transformer over clips and words."""
