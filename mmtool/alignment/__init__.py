"""Decide which clips belong to which snippets: by a network, by timing, or by the similarity of features."""
