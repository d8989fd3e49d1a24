"""Published models that judge pairs of clip and text, by which retrieval reranks."""
