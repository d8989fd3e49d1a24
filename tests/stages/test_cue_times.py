"""Times of subtitles as evidence, through the commands, alone and with pins."""

import itertools
import json

import numpy as np
import pytest

from mmtool.formats.alignments import read_alignment
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.pins import write_pins
from mmtool.formats.snippets import write_snippets
from mmtool.records import Clip, Evidence, Pin, Snippet
from support.commands import call

CUTS = (0, 4, 10, 13, 20, 30, 33, 40, 47, 55, 60)
TOLD = ((1, 2), (3, 4), (5, 6), (8, 9))  # from which cut to which each snippet is shown
TEXTS = ("The old bridge.", "A mill from 1872 stands by it.", "Then came the fire.", "Nobody knows why.")


@pytest.fixture
def corpus(tmp_path):
    """Four sentences with long pauses, whose times are known; reading times alone would never tell."""
    found = Corpus(tmp_path / "corpus")
    write_clips(found.clips("a"), [Clip(float(a), float(b)) for a, b in itertools.pairwise(CUTS)])
    write_texts(found)
    return found


def write_texts(corpus, move=0.0, rate=1.0, timed=(0, 1, 2, 3)):
    snippets = [
        Snippet(text, (CUTS[a] + 0.3) * rate + move, (CUTS[b] - 0.2) * rate + move)
        if number in timed
        else Snippet(text)
        for number, (text, (a, b)) in enumerate(zip(TEXTS, TOLD, strict=True))
    ]
    write_snippets(corpus.snippets("a"), snippets)


def aligned(corpus, *options):
    said = call("align", corpus.root, *options)
    return read_alignment(corpus.alignment("semi-markov", "a"))[0], " ".join(
        (said.stdout + said.stderr).split()
    )


def test_every_cue_is_in_its_clip(corpus):
    alignment, said = aligned(corpus)
    assert alignment.matches == ((1, 0), (3, 1), (5, 2), (8, 3))
    assert set(alignment.evidence) == {Evidence.CUE}
    assert "cue times" not in said
    assert min(alignment.clip_confidence) > 0.9


def test_times_can_be_ignored(corpus):
    alignment, _ = aligned(corpus, "--cue-times", "ignore")
    assert set(alignment.evidence) <= {Evidence.TIMING, None}
    assert alignment.matches != ((1, 0), (3, 1), (5, 2), (8, 3))
    assert aligned(corpus)[0].evidence[0] is Evidence.CUE  # another recipe


@pytest.mark.parametrize(
    ("move", "rate", "said"), [(36000.0, 1.0, "10:00:00"), (0.0, 25 / 24, "25 against 24")]
)
def test_an_offset_or_a_rate_is_said(corpus, move, rate, said):
    if rate != 1.0:  # a film that the cues fill
        clips = [Clip(float(a), float(b)) for a, b in itertools.pairwise(CUTS[:10])]
        write_clips(corpus.clips("a"), clips)
    write_texts(corpus, move, rate)
    alignment, lines = aligned(corpus)
    assert said in lines
    assert alignment.matches == ((1, 0), (3, 1), (5, 2), (8, 3))
    assert said in aligned(corpus)[1]  # also where nothing was to do


def test_a_transcript_shows_that_times_are_late(corpus):
    """Ten sentences in twenty clips: the odd ones are silent."""
    cuts = [0.0, 3, 10, 14, 19, 29, 31, 38, 44, 49, 57, 60, 66, 74, 77, 86, 90, 99, 103, 109, 120]
    told = [(cuts[k], cuts[k + 1]) for k in range(1, 20, 2)]
    write_clips(corpus.clips("a"), [Clip(a, b) for a, b in itertools.pairwise(cuts)])
    write_snippets(
        corpus.snippets("a"), [Snippet(f"sentence {k}", a + 5, b + 5) for k, (a, b) in enumerate(told)]
    )
    words = [
        {"start": t, "end": t + 0.5, "text": "word"}
        for a, b in told
        for t in np.arange(a + 0.2, b - 0.4, 0.5).tolist()
    ]
    path = corpus.transcript("a")
    path.parent.mkdir()
    path.write_text("".join(json.dumps(word) + "\n" for word in words), encoding="utf-8")
    alignment, said = aligned(corpus)
    assert "cue times were moved by -" in said
    assert alignment.matches == tuple((2 * k + 1, k) for k in range(10))


def test_times_of_another_edition_are_moved_in_parts(corpus):
    """Forty sentences; twenty of them, a scene of six that the film lacks, and the others."""
    rng = np.random.default_rng(0)
    cuts = np.cumsum(rng.uniform(2.0, 9.0, 81)).round(2).tolist()
    told = [(cuts[k], cuts[k + 1]) for k in range(1, 80, 2)]
    write_clips(corpus.clips("a"), [Clip(a, b) for a, b in itertools.pairwise([0.0, *cuts])])
    extra, start = [], told[20][0]
    for k in range(6):
        extra.append((start + 10.0 * k, start + 10.0 * k + 6.0))
    cues = [*told[:20], *extra, *((a + 60.0, b + 60.0) for a, b in told[20:])]
    write_snippets(corpus.snippets("a"), [Snippet(f"sentence {k}", a, b) for k, (a, b) in enumerate(cues)])
    words = [
        {"start": t, "end": t + 0.5, "text": "word"}
        for a, b in told
        for t in np.arange(a + 0.1, b - 0.5, 0.5).tolist()
    ]
    path = corpus.transcript("a")
    path.parent.mkdir()
    path.write_text("".join(json.dumps(word) + "\n" for word in words), encoding="utf-8")
    alignment, said = aligned(corpus)
    start = int(told[20][0])
    assert f"from 0:{start // 60:02}:{start % 60:02} on by -60." in said or "on by -59.9" in said
    assert "6 cues are not in this edition" in said
    clips = {snippet: clip for clip, snippet in alignment.matches}
    assert [clips.get(k) for k in range(20)] == [2 * k + 2 for k in range(20)]
    assert [clips.get(k) for k in range(20, 26)] == [None] * 6
    assert [clips.get(k) for k in range(26, 46)] == [2 * k + 2 for k in range(20, 40)]


def test_times_of_another_film_are_ignored_with_a_note(corpus):
    write_texts(corpus, move=500.0)
    alignment, said = aligned(corpus)
    assert "cue times do not fit the film and were ignored" in said
    assert set(alignment.evidence) <= {Evidence.TIMING, None}


def test_a_text_with_times_here_and_there(corpus):
    write_texts(corpus, timed=(0, 2, 3))
    alignment, _ = aligned(corpus)
    assert {(1, 0), (5, 2), (8, 3)} <= set(alignment.matches)
    assert alignment.evidence[0] is Evidence.CUE
    assert alignment.evidence[1] in (Evidence.TIMING, None)


def test_a_pin_wins_over_a_cue(corpus):
    write_pins(corpus.pins("a"), [Pin(TEXTS[3], 30.0, 33.0), Pin(TEXTS[2], absent=True)])
    alignment, _ = aligned(corpus)
    assert alignment.matches == ((1, 0), (3, 1), (5, 3))
    assert alignment.evidence == (Evidence.CUE, Evidence.CUE, Evidence.PIN, Evidence.PIN)
    assert alignment.snippet_confidence[2:] == (1.0, 1.0)


@pytest.mark.parametrize("model", ["mixture", "channel"])
@pytest.mark.parametrize("path", ["minimum-risk", "viterbi"])
def test_timing_keeps_pins_and_aligns_the_rest_around_them(corpus, model, path):
    options = ["--cue-times", "ignore", "--timing-model", model, "--path", path]
    write_pins(corpus.pins("a"), [Pin(TEXTS[1], 13.0, 20.0), Pin(TEXTS[2], 30.0, None)])
    alignment, _ = aligned(corpus, *options)
    clips_of = {j: [c for c, own in alignment.matches if own == j] for j in range(4)}
    assert clips_of[1] == [3]
    assert clips_of[2][0] == 5
    assert all(c < 3 for c in clips_of[0])
    assert all(c > 5 for c in clips_of[3])
    assert alignment.evidence[1:3] == (Evidence.PIN, Evidence.PIN)
    assert alignment.clip_confidence[3] == alignment.clip_confidence[5] == 1.0


def test_a_text_that_is_absent_as_a_whole_has_no_clip(corpus):
    write_pins(corpus.pins("a"), [Pin(text, absent=True) for text in TEXTS])
    alignment, _ = aligned(corpus)
    assert not alignment.matches
    assert set(alignment.evidence) == {Evidence.PIN}


def test_the_extent_of_the_text_contradicts_a_pin(corpus):
    write_pins(corpus.pins("a"), [Pin(TEXTS[0], 4.0)])
    assert "contradicts a pin" in call("align", corpus.root, "--text-start", 9, code=2).stderr
