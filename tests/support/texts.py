"""Splitting a text in one call."""

from mmtool.choices import TextSplit
from mmtool.text.spans import collapse
from mmtool.text.splitting import splitter


def split_text(text: str, split: TextSplit, language: str) -> list[str]:
    """Split ``text`` into pieces with white space collapsed; blank text has none."""
    return [collapse(text[start:end]) for start, end in splitter(split, language)(text)]
