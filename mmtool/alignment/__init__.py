"""Decide which clips belong to which snippets: a network, timing, or the similarity of features."""
