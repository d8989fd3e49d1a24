"""Alignment by timing: a hidden semi-Markov model of a narration that is read over the pictures."""
