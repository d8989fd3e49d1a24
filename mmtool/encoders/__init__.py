"""Backbones that turn frames, clip times and texts into features; one adapter a file."""
