"""Pins: what a person has fixed, as constraints of every decoder."""
