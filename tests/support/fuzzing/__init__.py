"""Damaged and hostile input for every reader, made from a seed and a number."""
