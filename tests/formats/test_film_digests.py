"""An edit anywhere in a film is seen, and films that did not change are not read again."""

import os
from pathlib import Path

import pytest

import mmtool.formats.film_digests
from mmtool.formats.digests import SAMPLED, fingerprint, sampled_fingerprint
from mmtool.formats.film_digests import FilmDigest, film_digest

HOUR_AGO = 3_600_000_000_000


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(range(256)) * (SAMPLED // 256) * 2)
    age(path)
    return path


def age(path: Path) -> None:
    then = path.stat().st_mtime_ns - HOUR_AGO
    os.utime(path, ns=(then, then))


def edit(path: Path) -> None:
    """A byte that no sample covers; size and time of modification stay."""
    before = path.stat()
    with path.open("rb+") as file:
        file.seek(SAMPLED // 3 + 100_000)
        file.write(b"\xff\xff")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_edit_that_samples_miss_is_seen(film: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    before, samples = film_digest(film, note), sampled_fingerprint(film)
    assert before == FilmDigest(fingerprint(film), samples)
    edit(film)
    assert sampled_fingerprint(film) == samples
    after = film_digest(film, note)
    assert after.current != before.current
    assert after.earlier is None  # so that nothing made before the edit is taken for current


def test_an_unchanged_film_is_not_read_again(film: Path, tmp_path: Path, monkeypatch) -> None:
    note = tmp_path / "note.json"
    before = film_digest(film, note)
    monkeypatch.setattr(mmtool.formats.film_digests, "fingerprint", None)
    assert film_digest(film, note) == before


def test_a_touched_film_keeps_its_digests(film: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.json"
    before = film_digest(film, note)
    age(film)
    assert film_digest(film, note) == before


def test_a_film_that_just_changed_is_not_remembered(film: Path, tmp_path: Path) -> None:
    os.utime(film)
    film_digest(film, tmp_path / "note.json")
    assert not (tmp_path / "note.json").exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"times": 1, "digest": [], "earlier": 3}'])
def test_a_damaged_note_is_made_again(film: Path, tmp_path: Path, content: str) -> None:
    note = tmp_path / "note.json"
    note.write_text(content, encoding="utf-8")
    assert film_digest(film, note).current == fingerprint(film)
    assert film_digest(film, note).current in note.read_text(encoding="utf-8")


def test_a_small_film_keeps_the_digest_of_earlier_versions(tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    small.write_bytes(b"film" * 1000)
    digest = film_digest(small, tmp_path / "note.json")
    assert digest == FilmDigest(sampled_fingerprint(small))
    assert not (tmp_path / "note.json").exists()
