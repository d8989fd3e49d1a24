"""What is in videos/ but cannot be read, and what is not there any more, is named by every command."""

import errno
from pathlib import Path

import numpy as np
import pytest

from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import SAMPLED, sampled_fingerprint
from mmtool.formats.provenance import Recipe
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.segment.film_job import FilmJob
from mmtool.video.causes import unreadable
from mmtool.video.detectors.registry import make_detector
from support.commands import call
from support.films import draw_film


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    for id in ("gone", "here"):
        draw_film(tmp_path / "videos" / f"{id}.mp4")
    (tmp_path / "texts").mkdir()
    for id in ("gone", "here"):
        (tmp_path / "texts" / f"{id}.txt").write_text("One line.\nAnother one.\n", encoding="utf-8")
    call("segment", tmp_path)
    call("align", tmp_path)
    return Corpus(tmp_path)


def clips_of_gone(corpus: Corpus, code: int) -> str:
    return call("export", corpus.root, "--format", "clips", "--run", "semi-markov", code=code).output


@pytest.mark.slow
def test_a_film_that_was_moved_is_named(corpus) -> None:
    (corpus.root / "videos" / "gone.mp4").unlink()
    told = "gone.mp4: was segmented, but is not there any more; if it was moved, put it back"
    assert told in call("segment", corpus.root).output
    assert told in call("report", corpus.root, "--run", "semi-markov").output
    extracted = call(
        "extract",
        corpus.root,
        "--video-encoder",
        "faster-rcnn-mobilenet",
        "--video-weights",
        "random",
        code=1,
    )
    assert "gone.csv: has no film of the same name" in extracted.output
    assert "gone: its film is not in videos/" in clips_of_gone(corpus, 1)


def test_a_link_to_nowhere_is_named(corpus) -> None:
    film = corpus.root / "videos" / "gone.mp4"
    film.unlink()
    film.symlink_to("/nowhere/gone.mp4")
    told = "gone.mp4: links to /nowhere/gone.mp4, which cannot be reached"
    assert told in call("segment", corpus.root, code=1).output
    assert told in call("report", corpus.root, "--run", "semi-markov").output
    assert told in clips_of_gone(corpus, 1)


def test_what_is_left_out_is_named_in_one_note(corpus) -> None:
    for name in ("notes.doc", "a.xyz", ".hidden", "Thumbs.db"):
        (corpus.root / "videos" / name).write_text("x", encoding="utf-8")
    (corpus.root / "videos" / "season 1").mkdir()
    (corpus.root / "texts" / "gone.docx").write_text("x", encoding="utf-8")
    output = call("segment", corpus.root).output
    assert "videos: left out a.xyz, notes.doc, season 1/; only files that end in .3g2" in output
    assert "texts: left out gone.docx; only files" in output


def test_clips_that_an_earlier_version_made_stay(tmp_path) -> None:
    film = tmp_path / "videos" / "film.mp4"
    film.parent.mkdir()
    film.write_bytes(np.random.default_rng(0).bytes(SAMPLED + 1000))
    job = FilmJob("film", film, Corpus(tmp_path), SegmentSettings(), make_detector("content"))
    recipe = job.clips_recipe()
    assert recipe.earlier == (
        Recipe("segment", recipe.settings, {"film.mp4": sampled_fingerprint(film)}).digest,
    )


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "close the program that holds it"),
        (OSError(errno.ESTALE, "Stale file handle"), "its disk or network share is connected"),
        (OSError(errno.ELOOP, "Too many levels"), "links to itself"),
    ],
)
def test_a_film_that_cannot_be_read_is_not_called_damaged(tmp_path, error: OSError, remedy: str) -> None:
    told = str(unreadable(tmp_path / "film.mp4", error))
    assert f"cannot be read ({error.strerror})" in told
    assert remedy in told
    assert "damaged" not in told
