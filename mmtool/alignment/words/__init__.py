"""Which written words are which spoken words: matches in order that tolerate what recognisers get wrong."""
