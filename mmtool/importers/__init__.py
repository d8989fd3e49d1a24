"""Other people's corpora → our corpus folder."""
