"""Encoders of both modalities: CLIP-type models and LXMERT."""
