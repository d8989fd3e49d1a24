"""The tables of ``mmtool align`` and ``mmtool run``, on terminals of several widths and in a pipe."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from mmtool.cli import matches
from mmtool.cli.matches import bar, show_alignment, show_alignments, snippets_table, videos_table
from mmtool.records import Alignment, Clip, Quality, Snippet, Verdict
from support.commands import call, complaint
from support.corpora import TEXTS, make_corpus

SAID = r"v\d: (doubtful|unknown): "
LONG = "A sentence that is longer than what a narrow terminal shows, [bold]whatever[/] 电影 it says."
REASONS = ("confidence low: 41 % of the time", "few clips matched: 7 % of the time")


def some(id="a", reasons=REASONS):
    """Three snippets in three clips; the second has none."""
    return Alignment(
        id=id,
        clips=(Clip(0.0, 59.96), Clip(59.96, 3725.24), Clip(3725.24, 36000.0)),
        snippets=(Snippet("short"), Snippet("nothing\n to\tsee"), Snippet(LONG)),
        matches=((0, 0), (1, 2), (2, 2)),
        clip_confidence=(0.5, 0.5, 0.5),
        snippet_confidence=(1.0, 0.25, 0.5),
        decoder="semi-markov",
        checkpoint="",
        quality=None
        if reasons is None
        else Quality(
            placed=2,
            snippets=3,
            expected_iou=0.2149,
            expected_accuracy=0.41,
            verdict=Verdict.DOUBTFUL if reasons else Verdict.SOUND,
            reasons=reasons,
        ),
    )


def lines(table, width, **options):
    out = Console(width=width, file=StringIO(), force_terminal=True, **options)
    out.print(table)
    return out.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 160, 240])
def test_a_snippet_is_one_line_whose_times_stand_in_columns(width):
    shown = lines(snippets_table(some(), width), width, no_color=True, color_system=None)
    [head, rule, first, nothing, last] = [line for line in shown if line.strip()]
    assert set(rule.strip()) == {"─"}
    assert all(len(line) <= width for line in (head, rule, first, nothing))
    assert " 0:00:00.0    0:01:00.0 " in first
    assert " 0:01:00.0   10:00:00.0 " in f" {last}"
    assert nothing.count("–") == 2
    assert head.index("to") + len("to") == first.index("0:01:00.0") + len("0:01:00.0")
    assert ("nothing to see" in nothing) == (width > 40)
    assert ("…" in last) == (width < 160)
    assert ("[bold]" in last) == (width >= 160)  # a text is no markup
    assert (" 50%" in last, "━" in last) == (True, width >= 60)


@pytest.mark.parametrize(
    ("width", "said"),
    [(50, "absent"), (70, "absent 100%"), (80, "not in the film (100%)"), (160, "not in the film (100%)")],
)
def test_certain_absence_reads_as_such(width, said):
    nowhere = replace(some(), snippet_confidence=(1.0, 1.0, 0.5))
    [line] = [line for line in lines(snippets_table(nowhere, width), width, no_color=True) if said in line]
    assert line.count("–") == 2
    assert "━" not in line


@pytest.mark.parametrize("width", [50, 80, 160])
def test_a_video_is_one_line(width):
    table = videos_table([some(), some("film" * 30, ()), some("early", None)], width)
    shown = lines(table, width, no_color=True, color_system=None)
    [head, _, first, long, early] = [line for line in shown if line.strip()]
    assert all(len(line) <= width for line in shown)
    assert "2/3" in first
    assert " 41%" in first
    assert " 21%" in first
    assert ("doubtful" in first, "sound" in long) == (True, True)
    assert ("clips" in head) == (width == 160)
    assert ("confidence low: 41 % of the" in first) == (width == 160)
    assert ("confidence l" in first) == (width >= 80)
    assert long.lstrip().startswith("film")
    assert "…" in long
    assert "–" in early


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, "────   0%"), (0.5, "━━──  50%"), (0.63, "━━╾─  63%"), (1, "━━━━ 100%")]
)
def test_a_bar_shows_halves_of_a_character(share, drawn):
    assert bar(share, 4).plain == drawn


def test_no_color_is_respected(monkeypatch):
    coloured = "\n".join(lines(videos_table([some()], 80), 80, color_system="standard"))
    assert "\x1b[33m" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = "\n".join(lines(videos_table([some()], 80), 80, color_system="standard"))
    assert "\x1b[3" not in plain


def test_a_pipe_gets_tabs_and_whole_texts(capsys):
    show_alignment(some())
    show_alignments([some(), some("b", None)])
    assert capsys.readouterr().out.splitlines() == [
        "0:00:00.0\t0:01:00.0\t100%\tshort",
        "–\t–\tnot placed (absent: 25%)\tnothing to see",
        f"0:01:00.0\t10:00:00.0\t50%\t{LONG}",
        f"a\t3\t2/3\t21%\t41%\tdoubtful\t{', '.join(REASONS)}",
        "b\t3\t2/3\t–\t–\t\t",
    ]


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus")


def test_align_shows_videos_or_the_snippets_of_one(corpus):
    told = call("align", corpus.root).stdout.splitlines()
    assert [line.split("\t")[:2] for line in told[:-1]] == [[f"v{k}", "6"] for k in range(6)]
    assert told[-1].startswith("align  6 done")
    shown = call("align", corpus.root, "--show", "v3").stdout.splitlines()
    assert [line.split("\t")[3] for line in shown[:-1]] == list(TEXTS)
    assert call("align", corpus.root, "--split", "val").stdout.splitlines()[:4] == shown[:4]
    assert "\t" not in call("align", corpus.root, "--json", "--show", "v3").stdout
    result = call("align", corpus.root, "--split", "test", "--show", "v3", code=2)
    complaint(result, "--show v3: this video was not aligned")


def test_doubts_are_said_once_on_a_terminal(corpus, monkeypatch):
    """In a pipe they are on stderr, and in the table that is on stdout."""
    assert re.search(SAID, call("align", corpus.root).stderr)
    terminal = Console(width=80, file=StringIO(), force_terminal=True, color_system=None)
    for module in ("mmtool.cli.matches.out", "mmtool.cli.align.out"):
        monkeypatch.setattr(module, terminal)
    assert not re.search(SAID, call("align", corpus.root).stderr)
    assert re.search("doubtful|unknown", terminal.file.getvalue())
    assert re.search(SAID, call("align", corpus.root, "--split", "val").stderr)  # the table of one says none
    assert matches.out is terminal
