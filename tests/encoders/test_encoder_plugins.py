"""Encoders of other packages, from the command line and from Python; and the encoder of the documentation."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import mmtool
from mmtool.choices import Modality
from mmtool.encoders.contract import (
    EncoderOptions,
    FilmEncoder,
    FrameEncoder,
    IntervalEncoder,
    SpeechEncoder,
    TextEncoder,
)
from mmtool.encoders.registry import (
    BUILT_IN,
    GROUP,
    encoder_names,
    load_text_encoder,
    load_video_encoder,
    text_encoder_class,
    video_encoder_class,
)
from mmtool.errors import SettingError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.model_names import TEXT_ENCODERS, VIDEO_ENCODERS
from mmtool.stages.extract import extract
from support.commands import call
from support.corpora import TEXTS, make_corpus
from support.plugins import install_plugin
from support.small_models import pictures, write_film

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"

PAIR = """
import numpy as np
from mmtool.encoders.contract import EncoderIdentity, EncoderPair, IntervalEncoder, TextEncoder

class Durations(IntervalEncoder):
    reads = frozenset({"model"})

    def __init__(self, options):
        self.unit = float(options.model or 1)
        self.identity = EncoderIdentity("both-video", "durations", "none", 1, {"unit": self.unit})

    def encode(self, intervals):
        return np.array([[(end - start) / self.unit] for start, end in intervals], np.float32)

class Letters(TextEncoder):
    identity = EncoderIdentity("both-text", "letters", "none", 1)

    def encode(self, texts):
        return np.array([[len(text)] for text in texts], np.float32)

BOTH = EncoderPair(video=Durations, text=Letters)
NEITHER = EncoderPair(video=Letters, text=Durations)
"""
ENTRIES = {"both": "pair_of_encoders:BOTH", "swapped": "pair_of_encoders:NEITHER"}


def block(language: str, title: str) -> str:
    """The block of the page with a title."""
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(
        rf'^```{language} title="{re.escape(title)}"\n(.*?)^```', page, re.DOTALL | re.MULTILINE
    )
    assert found, title
    return found[1]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed package with a pair of encoders, and the one of the page, as its text says."""
    folder = tmp_path / "site"
    install_plugin(folder, "pair-of-encoders", GROUP, ENTRIES, PAIR)
    project = tomllib.loads(block("toml", "pyproject.toml"))["project"]
    entries, source = project["entry-points"][GROUP], block("python", "colours.py")
    install_plugin(folder, project["name"], GROUP, entries, source, project["version"])
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in ("pair_of_encoders", "colours"):
        sys.modules.pop(name, None)


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A film of six pictures and its text."""
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=0)
    write_film(corpus.root / "videos" / "v0.mp4", pictures(6, height=128, width=160))
    return corpus


def command(site: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``mmtool …`` in a process of its own, which sees the installed packages."""
    path = os.pathsep.join([str(site), str(Path(mmtool.__file__).parents[1])])
    line = [sys.executable, "-m", "mmtool", *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run(line, capture_output=True, text=True, env=environment, check=False)


def read(corpus: Corpus, name: str) -> np.ndarray:
    with open_features(corpus.features(name)) as features:
        return features.read("v0").features


def test_the_encoder_of_the_page_has_at_most_forty_lines() -> None:
    assert len(block("python", "colours.py").splitlines()) <= 40


def test_the_encoder_of_the_page_from_the_command_line_and_from_python(site: Path, corpus: Corpus) -> None:
    result = command(site, "extract", corpus.root, "--video-encoder", "colours", "--image-size", 64)
    assert (result.returncode, result.stderr) == (0, "")
    assert "1 done · colours 6 dimensions" in result.stdout
    report = extract(corpus.root, video_encoder="colours", image_size=64, video_name="again")
    assert [(file.name, file.dimension) for file in report.features] == [("again", 6)]
    np.testing.assert_array_equal(read(corpus, "again"), read(corpus, "colours"))

    encoder = load_video_encoder(EncoderOptions("colours", image_size=64))
    assert isinstance(encoder, FrameEncoder)
    frame = np.zeros((128, 160, 3), np.uint8)
    frame[:, :80] = (255, 51, 0)  # the left half
    np.testing.assert_allclose(encoder.encode([frame]).features, [[0.5, 0.1, 0, 0.5, 0.1, 0]], atol=1e-6)
    found, expected = read(corpus, "colours"), encoder.encode(pictures(6, height=128, width=160)).features
    assert np.abs(found - expected).max() < 0.1  # what the codec makes of the pictures


def test_another_process_of_extract_finds_the_encoder(
    site: Path, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(Path(mmtool.__file__).parents[1])]))
    report = extract(corpus.root, video_encoder="colours", workers=2)
    assert report.done == ["v0"]


def test_options_that_a_plug_in_does_not_read_are_refused(site: Path, corpus: Corpus) -> None:
    result = call("extract", corpus.root, "--video-encoder", "colours", "--proposals", 9, code=2)
    assert "--proposals has no effect with --video-encoder colours; leave it out" in result.stderr
    with pytest.raises(SettingError) as caught:
        extract(corpus.root, text_encoder="both", text_model="x")
    assert str(caught.value) == "text_model has no effect with `text_encoder=both`; leave it out"


def test_a_pair_has_one_name_for_both_sides(site: Path, corpus: Corpus) -> None:
    report = extract(corpus.root, video_encoder="both", text_encoder="both", video_model="2")
    assert report.facts == {"both-video": "1 dimension", "both-text": "1 dimension", "device": "cpu"}
    clips = read_clips(corpus.clips("v0"))
    assert read(corpus, "both-video")[:, 0] == pytest.approx([clip.duration / 2 for clip in clips])
    assert read(corpus, "both-text")[:, 0].tolist() == [len(text) for text in TEXTS]


def test_plug_ins_are_known_by_name_without_being_loaded(site: Path) -> None:
    assert encoder_names(Modality.VIDEO) == [*VIDEO_ENCODERS, "both", "colours", "swapped"]
    assert encoder_names(Modality.TEXT) == [*TEXT_ENCODERS, "both", "colours", "swapped"]
    assert not {"pair_of_encoders", "colours"} & set(sys.modules)


def test_names_that_do_not_fit(site: Path, corpus: Corpus) -> None:
    for arguments, problem in (
        (["--video-encoder", "bert"], "--video-encoder cannot be bert, which encodes snippets, not clips"),
        (["--text-encoder", "timing"], "--text-encoder cannot be timing, which encodes clips, not snippets"),
        (
            ["--text-encoder", "colours"],
            "--text-encoder cannot be colours, which encodes clips",
        ),
        (["--text-encoder", "bart"], "--text-encoder cannot be bart: no encoder has this name; did you mean"),
        (["--video-encoder", "colour"], "no encoder has this name; did you mean colours?"),
        (["--video-encoder", "swapped"], "is not an encoder class or an EncoderPair; update or uninstall"),
    ):
        assert problem in call("extract", corpus.root, *arguments, code=2).stderr


def test_two_packages_of_one_name_are_named(site: Path, corpus: Corpus) -> None:
    install_plugin(site, "rival", GROUP, {"both": "rival:Encoder"})
    result = call("extract", corpus.root, "--text-encoder", "both", code=2)
    assert "--text-encoder both is claimed by pair_of_encoders:BOTH of pair-of-encoders 1.0" in result.stderr


def test_built_in_encoders_are_what_choices_and_help_name() -> None:
    assert set(BUILT_IN) == {*VIDEO_ENCODERS, *TEXT_ENCODERS}
    for name in VIDEO_ENCODERS:
        assert issubclass(video_encoder_class(name), FilmEncoder | IntervalEncoder | SpeechEncoder)
    for name in TEXT_ENCODERS:
        assert issubclass(text_encoder_class(name), TextEncoder)
    assert video_encoder_class("resnet50").__name__ == "ClassifierEncoder"


def test_every_encoder_reads_only_options_that_there_are() -> None:
    fields = set(EncoderOptions.__dataclass_fields__) - {"name", "seed", "batch_size", "precision", "device"}
    classes = [*map(video_encoder_class, VIDEO_ENCODERS), *map(text_encoder_class, TEXT_ENCODERS)]
    assert {option for encoder in classes for option in encoder.reads} == fields
    assert load_text_encoder(EncoderOptions("length")).reads == frozenset()
