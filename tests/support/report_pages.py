"""Runs to report on, and the pages that are made of them."""

import json
import re

from mmtool.formats.alignments import write_alignment
from mmtool.records import Alignment, Clip, Snippet
from support.commands import call

TEXTS = ("the first </script><b>", "nobody shows this", "the last")
HOSTILE = 'A title with <script>alert(1)</script> & "quotes"'


def write_run(corpus, run, matches, confidence=(0.9, 0.5, 0.2)):
    """Four clips of a second each; the truth is snippet 0 in clip 0 and snippet 2 in clips 2 and 3."""
    clips = tuple(Clip(k, k + 1.0, 10 * k, 10 * k + 10) for k in range(4))
    snippets = tuple(Snippet(text) for text in TEXTS)
    for id in ("a", "b"):
        own = Alignment(id, clips, snippets, matches, (0.9, 0.8, 0.3, 0.7), confidence, "semi-markov", "")
        write_alignment(corpus.alignment(run, id), own, "recipe")


def write_report(corpus, *runs, more=()):
    arguments = [argument for run in runs for argument in ("--run", run)]
    page = corpus.root.parent / "out" / "report.html"
    call("report", corpus.root, *arguments, "-o", page, *more)
    return page


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"))
    return json.loads(found[1])


def write_odd(corpus, id, clips, texts, matches):
    """A video of the run ``odd`` whose clips have times alone."""
    own = Alignment(
        id,
        tuple(Clip(*clip) for clip in clips),
        tuple(Snippet(text) for text in texts),
        matches,
        (0.5,) * len(clips),
        (0.5,) * len(texts),
        "semi-markov",
        "",
    )
    write_alignment(corpus.alignment("odd", id), own, "recipe")
