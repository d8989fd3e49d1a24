"""Encoders without weights: they count and measure."""
