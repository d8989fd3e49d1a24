"""Decoders of other installed packages, from the command line and from Python."""

import json
import sys

import pytest

from mmtool.decoders import DECODERS, AlignDecoder, Needs
from mmtool.errors import CallError, SettingError
from mmtool.formats.alignments import read_alignment
from mmtool.settings.align import AlignSettings
from mmtool.settings.options import settings_of
from mmtool.stages.align import align
from mmtool.stages.shared.decoder_choice import EVERY_DECODERS
from support.commands import EXTRACT, call, complaint
from support.corpora import make_corpus
from support.plugins import install_plugin

SOURCE = '''
"""Decoders that know nothing of timing."""

import numpy as np

from mmtool.decoders import AlignDecoder, DecodedVideo, Needs


def share_evenly(video, settings):
    """The same number of clips for each snippet."""
    if len(video.clips) < len(video.snippets):
        raise ValueError("there are fewer clips than snippets")
    clips, snippets = len(video.clips), len(video.snippets)
    matches = [(clip, clip * snippets // clips) for clip in range(clips)]
    return DecodedVideo(
        matches=matches, clip_confidence=[1 / snippets] * clips, snippet_confidence=[1 / snippets] * snippets
    )


def take_best(video, settings):
    """The most similar snippet of each clip that is better than nothing."""
    best = video.similarity.argmax(axis=0)
    matches = [
        (clip, snippet)
        for clip, snippet in enumerate(best)
        if video.similarity[snippet, clip] > settings.unmatched_score
    ]
    snippets, clips = video.similarity.shape
    return DecodedVideo(
        matches=matches, clip_confidence=np.full(clips, 0.5), snippet_confidence=np.full(snippets, 0.5)
    )


EVENLY = AlignDecoder(needs=Needs.NOTHING, decode=share_evenly)
BEST = AlignDecoder(
    needs=Needs.FEATURES, reads=frozenset({"unmatched_score"}), decode="my_decoders:take_best"
)
'''
ENTRIES = {"evenly": "my_decoders:EVENLY", "best": "my_decoders:BEST"}
FEATURES = {"video": "timing.rp", "text": "length.rp", "any_space": True}


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of the import path; modules that are loaded from it are forgotten afterwards."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    before = set(sys.modules)
    yield tmp_path / "site"
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus")


@pytest.fixture
def plugin(site):
    install_plugin(site, "my-decoders", "mmtool.decoders", ENTRIES, SOURCE)


def test_a_decoder_of_clips_and_snippets(corpus, plugin):
    assert "6 done" in call("align", corpus.root, "--decoder", "evenly").stdout
    alignment, _ = read_alignment(corpus.alignment("evenly", "v0"))
    assert alignment.matches == ((0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3))
    assert alignment.decoder == "evenly"
    assert alignment.clip_confidence == (0.25,) * 6
    assert "6 unchanged" in call("align", corpus.root, "--decoder", "evenly").stdout
    measures = json.loads(call("evaluate", corpus.root, "--run", "evenly", "--json").stdout)["measures"]
    assert 0 < measures["evenly"]["video_accuracy"]["value"] < 1


def test_a_decoder_of_features_with_a_setting_that_it_reads(corpus, plugin):
    call("extract", corpus.root, *EXTRACT)
    call("project", corpus.root)
    options = ["--video", "timing.rp", "--text", "length.rp", "--any-space", "--decoder", "best"]
    assert "6 done" in call("align", corpus.root, *options).stdout
    assert len(read_alignment(corpus.alignment("best", "v0"))[0].matches) == 6
    assert "6 unchanged" in call("align", corpus.root, *options).stdout
    assert "6 done" in call("align", corpus.root, *options, "--unmatched-score", 9).stdout
    assert read_alignment(corpus.alignment("best", "v0"))[0].matches == ()


def test_both_from_python(corpus, plugin):
    assert align(corpus.root, decoder="evenly", split="test").done == ["v4", "v5"]
    call("extract", corpus.root, *EXTRACT)
    call("project", corpus.root)
    report = align(corpus.root, decoder="best", split="test", **FEATURES)
    assert (report.run, report.done) == ("best", ["v4", "v5"])
    with pytest.raises(SettingError, match=r"^beam_width has no effect with `decoder=best`"):
        align(corpus.root, decoder="best", beam_width=3, **FEATURES)


def test_a_video_that_it_cannot_align_fails_alone(corpus, plugin):
    corpus.clips("v1").write_text("clip,start,end,start_frame,end_frame\n0,0.0,9.0,,\n")
    result = call("align", corpus.root, "--decoder", "evenly", code=1)
    assert "evenly cannot align it: there are fewer clips than snippets" in complaint(result, "v1.csv")
    assert "5 done, 1 failed" in result.stdout


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--decoder", "best"], "--decoder best compares features"),
        (["--decoder", "evenly", "--video", "timing", "--text", "length"], "--video has no effect"),
        (["--decoder", "evenly", "--unmatched-score", 1], "--unmatched-score has no effect"),
        (["--run", "evenly"], "--run must not be evenly"),
        (
            ["--decoder", "nearly"],
            "must be one of greedy, beam, semi-markov, dtw, otam, monotone, best",
        ),
    ],
)
def test_calls_that_do_not_fit_the_decoder(corpus, plugin, options, problem):
    complaint(call("align", corpus.root, *options, code=2), problem)
    assert not (corpus.root / "alignments").exists()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (
            "matches=[(6, 0)], clip_confidence=[1] * 6, snippet_confidence=[1] * 4",
            "matches that do not exist",
        ),
        ("matches=[], clip_confidence=[1] * 5, snippet_confidence=[1] * 4", "5 clips, not 6"),
        ("matches=[], clip_confidence=[1] * 6, snippet_confidence=[1] * 3", "3 snippets, not 4"),
        ("matches=[], clip_confidence=[1] * 6, snippet_confidence=[2] * 4", "not in 0..1"),
        ("matches=[], clip_confidence=[float('nan')] * 6, snippet_confidence=[1] * 4", "not in 0..1"),
    ],
)
def test_an_impossible_answer_is_not_written(corpus, site, answer, problem):
    source = (
        "from mmtool.decoders import AlignDecoder, DecodedVideo, Needs\n"
        f"WRONG = AlignDecoder(needs=Needs.NOTHING, decode=lambda video, settings: DecodedVideo({answer}))\n"
    )
    install_plugin(site, "my-wrong", "mmtool.decoders", {"wrong": "my_wrong:WRONG"}, source)
    with pytest.raises(CallError, match=problem):
        align(corpus.root, decoder="wrong")
    assert not (corpus.root / "alignments").exists()


def test_an_entry_point_to_something_else_is_named(corpus, site):
    install_plugin(site, "my-thing", "mmtool.decoders", {"thing": "my_thing:X"}, "X = 3\n")
    line = complaint(call("align", corpus.root, "--decoder", "thing", code=2), "--decoder thing: my_thing:X")
    assert "is not a mmtool.decoders.AlignDecoder" in line


def test_a_newer_version_of_a_decoder_aligns_again(corpus, plugin, monkeypatch):
    import my_decoders

    align(corpus.root, decoder="evenly")
    newer = AlignDecoder(needs=Needs.NOTHING, decode=my_decoders.share_evenly, version="2")
    monkeypatch.setattr(my_decoders, "EVENLY", newer)
    assert len(align(corpus.root, decoder="evenly").done) == 6


def test_each_setting_of_align_is_read_by_some_decoder():
    """Otherwise it would be refused by all of them."""
    read = set().union(*(DECODERS.load(name).settings_read for name in DECODERS.built_in))
    assert read | EVERY_DECODERS == set(settings_of(AlignSettings))
    assert not read & EVERY_DECODERS
