"""Features between extraction and alignment: projection, normalisation, joining, pairing."""
