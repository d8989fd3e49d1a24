"""Bad input: one line that names the file and the remedy, the right exit code, earlier results intact."""

import os

import h5py
import pytest
import torch

from mmtool.choices import Split
from support.commands import EXTRACT, TRAIN, call, complaint
from support.corpora import copy_of
from support.films import draw_film


@pytest.fixture
def films(tmp_path):
    """Two films with texts, ready to be segmented."""
    for id in ("a", "b"):
        draw_film(tmp_path / "videos" / f"{id}.mp4")
        (tmp_path / "texts").mkdir(exist_ok=True)
        (tmp_path / "texts" / f"{id}.txt").write_text("one line\nanother line\n")
    return tmp_path


@pytest.fixture
def corpus(chained, tmp_path):
    return copy_of(chained, tmp_path / "corpus")


@pytest.mark.parametrize("command", ["segment", "extract", "project", "train", "align", "evaluate"])
def test_missing_folder(tmp_path, command):
    options = {"extract": EXTRACT, "align": ["--run", "r"], "evaluate": ["--run", "r"]}.get(command, [])
    line = complaint(call(command, tmp_path / "nowhere", *options, code=2), "nowhere")
    assert "no such folder" in line
    assert not (tmp_path / "nowhere").exists()


def test_no_films_and_no_texts(tmp_path):
    assert "videos/" in complaint(call("segment", tmp_path, code=2), str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"this is no film at all" * 100], ids=["empty", "text"])
def test_unreadable_film_leaves_the_others_done(films, content):
    (films / "videos" / "a.mp4").write_bytes(content)
    result = call("segment", films, code=1)
    complaint(result, "a.mp4")
    assert not (films / "clips" / "a.csv").exists()
    assert (films / "clips" / "b.csv").exists()
    assert (films / "snippets" / "a.csv").exists()


def test_a_film_that_breaks_later_keeps_its_earlier_clips(films):
    call("segment", films)
    before = (films / "clips" / "a.csv").read_bytes()
    (films / "videos" / "a.mp4").write_bytes(b"broken")
    call("segment", films, code=1)
    assert (films / "clips" / "a.csv").read_bytes() == before


def test_film_without_cuts_is_one_clip_and_a_note(films):
    draw_film(films / "videos" / "a.mp4", shots=1)
    result = call("segment", films)
    assert "a.mp4: no cuts found" in result.stderr
    assert len((films / "clips" / "a.csv").read_text().splitlines()) == 2


def test_text_in_another_encoding_is_read_and_said(films):
    (films / "texts" / "a.txt").write_bytes("Café – über\n".encode("cp1252"))
    result = call("segment", films)
    assert "cp1252" in result.stderr
    assert "Café – über" in (films / "snippets" / "a.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b" \n\n", b"\x00\x01binary"], ids=["empty", "blank", "binary"])
def test_unusable_text(films, content):
    (films / "texts" / "b.txt").write_bytes(content)
    complaint(call("segment", films, code=1), "b.txt")
    assert (films / "clips" / "b.csv").exists()


def test_two_films_with_one_stem(films):
    draw_film(films / "videos" / "a.avi")
    assert "same id" in complaint(call("segment", films, code=1), "a.")


def test_clips_changed_by_hand_are_kept_until_forced(films):
    call("segment", films)
    path = films / "clips" / "a.csv"
    path.write_text(path.read_text().replace("12,24", "12,23"))
    assert "--force" in complaint(call("segment", films, code=1), "a.csv")
    assert "12,23" in path.read_text()
    call("segment", films, "--force")
    assert "12,24" in path.read_text()


def test_clips_without_a_film(films):
    call("segment", films)
    (films / "videos" / "b.mp4").unlink()
    options = ["--video-encoder", "faster-rcnn-mobilenet", "--video-weights", "random", "--image-size", 64]
    result = call("extract", films, *options, code=1)
    assert "videos/b.mp4" in complaint(result, "b.csv")
    assert "1 done" in result.stdout


def test_id_without_a_partner(corpus):
    corpus.snippets("v4").unlink()
    result = call("align", corpus.root, "--run", "r", code=1)
    assert "texts/v4.txt" in complaint(result, "v4.csv")
    assert "5 done" in result.stdout


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("5\t5\ta short line", "no length"),
        ("99\t100\ta short line", "outside the video"),
        ("1\t2\tnobody says this", "does not match a remaining snippet"),
    ],
    ids=["end before start", "outside", "unknown text"],
)
def test_bad_annotations(corpus, line, problem):
    corpus.annotations("v5").write_text(line + "\n")
    call("align", corpus.root, "--run", "r", "--split", "test")
    result = call("evaluate", corpus.root, "--run", "r", "--split", "test", code=1)
    assert problem in complaint(result, "v5.tsv")
    corpus.annotations("v0").write_text(line + "\n")
    assert problem in complaint(call("train", corpus.root, *TRAIN, code=2), "v0.tsv")


def test_training_id_without_features(corpus):
    with h5py.File(corpus.features("length.rp"), "a") as file:
        del file["v1"]
    assert "'v1'" in complaint(call("train", corpus.root, *TRAIN, code=2), "length.rp.h5")


@pytest.mark.parametrize("damage", ["corrupt", "foreign"])
def test_corrupt_or_foreign_features(corpus, damage):
    path = corpus.features("length")
    if damage == "corrupt":
        path.write_bytes(path.read_bytes()[:100])
    else:
        with h5py.File(path, "w") as file:
            file["data"] = [1, 2, 3]
    complaint(call("align", corpus.root, "--run", "r", code=2), "length.h5")
    complaint(call("project", corpus.root, code=2), "length.h5")
    complaint(call("info", path, code=2), "length.h5")


@pytest.mark.parametrize("damage", ["corrupt", "foreign", "version"])
def test_corrupt_or_foreign_checkpoint(corpus, damage):
    path = corpus.run("r") / "last.pt"
    if damage == "corrupt":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "foreign":
        torch.save({"model_state_dict": {}}, path)
    else:
        torch.save(torch.load(path, weights_only=True) | {"version": 99}, path)
    complaint(call("align", corpus.root, "--run", "r", code=2), "last.pt")
    complaint(call("train", corpus.root, *TRAIN, "--epochs", 3, code=2), "last.pt")


def test_unknown_preset_lists_the_known_ones(corpus):
    line = complaint(call("train", corpus.root, "--preset", "best", code=2), "--preset")
    assert "rp-lars-sbn" in line


@pytest.mark.parametrize("option", ["--learning-rate", "--epochs", "--batch-size"])
def test_settings_out_of_range_name_the_option(corpus, option):
    complaint(call("train", corpus.root, *TRAIN, option, 0, code=2), option)


def test_split_with_an_unknown_id(corpus):
    corpus.split(Split.TRAIN).write_text("v0\nv77\n")
    assert "'v77'" in complaint(call("train", corpus.root, *TRAIN, code=2), "train.txt")


@pytest.mark.parametrize("content", [None, "", "# v0\n"], ids=["missing", "empty", "comments"])
def test_no_training_split(corpus, content):
    path = corpus.split(Split.TRAIN)
    path.unlink() if content is None else path.write_text(content)
    complaint(call("train", corpus.root, *TRAIN, code=2), "train.txt")


def test_unknown_run(corpus):
    complaint(call("align", corpus.root, "--run", "nobody", code=2), "nobody")
    complaint(call("evaluate", corpus.root, "--run", "nobody", code=2), "nobody")


def test_missing_projection_names_the_command(corpus):
    corpus.features("length.rp").unlink()
    assert "mmtool project" in complaint(call("train", corpus.root, *TRAIN, code=2), "length.rp.h5")


def test_nothing_to_extract(corpus):
    complaint(call("extract", corpus.root, code=2), "--video-encoder")


def test_demo_does_not_write_into_somebody_elses_folder(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    complaint(call("demo", tmp_path, code=2), str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_file_names_that_are_not_utf8_are_named(tmp_path):
    """Archives of other systems leave such names; OpenCV would crash on them."""
    for folder, name in (("videos", b"m\xfcller.mp4"), ("texts", b"m\xfcller.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / os.fsdecode(name)).write_text("one\ntwo\n")
    output = call("segment", tmp_path, code=1).stderr
    assert "the file name is not valid UTF-8; rename" in output
