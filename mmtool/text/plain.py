"""Plain text: a snippet a line, or sentences and phrases of paragraphs."""

from pathlib import Path

from mmtool.choices import TextSplit
from mmtool.records import Snippet
from mmtool.text.splitting import split_snippet


def read_lines(_path: Path, text: str, split: TextSplit) -> list[Snippet]:
    """Return a snippet for each line that is not blank, its white space collapsed.

    Where ``text`` is split further, lines that follow each other are one hard-wrapped paragraph and blank
    lines end it.
    """
    lines = [line.strip() for line in text.split("\n")]
    passages = lines if split is TextSplit.NONE else "\n".join(lines).split("\n\n")
    return [snippet for passage in passages for snippet in split_snippet(Snippet(passage), split)]
