"""Retrieval: which clips a text describes, by a model that embeds both and judges chosen pairs."""
