"""Encoders that read a snippet as a row of tokens, and what they share."""
