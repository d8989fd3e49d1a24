"""What tests share: small corpora, films, models, and literal versions of clever code."""
