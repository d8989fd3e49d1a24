"""Files on disk: what is written is read again, what is wrong is named with its file and line."""

import errno
import json
import math
import os
import pickle
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmtool.choices import Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.annotations import read_annotations, write_annotations
from mmtool.formats.atomic import replacing, write_text
from mmtool.formats.checkpoints import (
    MOST_PLAIN,
    Checkpoint,
    CheckpointInput,
    checkpoint_digest,
    read_checkpoint,
    write_checkpoint,
)
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.events import EventLog
from mmtool.formats.metrics import append_history, read_history, write_history, write_metrics
from mmtool.formats.provenance import Recipe, State, recorded, state_of
from mmtool.formats.runs import RunConfig, read_run, write_run
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.formats.splits import read_split, write_split
from mmtool.records import Alignment, Annotation, Clip, EncoderIdentity, Place, Snippet

CLIPS = "clip,start,end,start_frame,end_frame\n"
SNIPPETS = "snippet,text,start,end\n"
AWKWARD = st.text("a ,;\"'#\n\t\u2028é", min_size=1) | st.text(min_size=1)
TEXT = AWKWARD.map(lambda text: " ".join(text.split())).filter(bool)  # as the readers of texts leave it
TIMES = st.floats(0, 1e5, allow_subnormal=False)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    """One file for all examples of a property."""
    return tmp_path_factory.mktemp("formats") / "file"


# Tables


@given(st.lists(st.tuples(TIMES, TIMES).filter(lambda t: t[0] != t[1]), min_size=1))
def test_clips_keep_every_digit(scratch, times):
    clips = [Clip(min(t), max(t), k, k + 1) for k, t in enumerate(sorted(times, key=min))]
    write_clips(scratch, clips)
    assert read_clips(scratch) == clips


def test_clips_without_frames_survive(tmp_path):
    write_clips(tmp_path / "a.csv", [Clip(0.0, 1.5), Clip(1.5, 2.0, 36, 48)])
    assert (tmp_path / "a.csv").read_text() == CLIPS + "0,0.0,1.5,,\n1,1.5,2.0,36,48\n"
    assert read_clips(tmp_path / "a.csv") == [Clip(0.0, 1.5), Clip(1.5, 2.0, 36, 48)]


@given(st.lists(st.builds(Snippet, TEXT, st.none() | TIMES, st.none() | TIMES), min_size=1))
def test_snippets_keep_every_character(scratch, snippets):
    write_snippets(scratch, snippets)
    assert read_snippets(scratch) == snippets


@given(st.lists(st.builds(Annotation, TIMES, st.floats(1e5 + 1, 1e6), TEXT), min_size=1))
def test_annotations_keep_times_and_words(scratch, annotations):
    write_annotations(scratch, annotations)
    read = read_annotations(scratch)
    assert [a.interval for a in read] == [a.interval for a in annotations]
    assert [a.text.split() for a in read] == [a.text.split() for a in annotations]


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path):
    """With a byte-order mark, CRLF, columns in another order and one more."""
    (tmp_path / "a.csv").write_bytes(
        b"\xef\xbb\xbfend,start,clip,end_frame,start_frame,note\r\n2,0.5,0,,,x\r\n"
    )
    assert read_clips(tmp_path / "a.csv") == [Clip(0.5, 2.0)]


def test_annotations_may_overlap_and_skip_lines(tmp_path):
    (tmp_path / "a.tsv").write_text("0\t2.5\tone\r\n\n2.25\t3\ttwo\twith a tab\n")
    assert read_annotations(tmp_path / "a.tsv") == [
        Annotation(0.0, 2.5, "one"),
        Annotation(2.25, 3.0, "two\twith a tab"),
    ]


@pytest.mark.parametrize(
    ("read", "content", "said"),
    [
        (read_clips, "", "no column 'clip'"),
        (read_clips, CLIPS, "no clips"),
        (read_clips, CLIPS.replace(",end,", ",stop,") + "0,0,1,,\n", "no column 'end'"),
        (read_clips, CLIPS + "0,0,1,,\n1,2.0,2.0,,\n", "line 3"),
        (read_clips, CLIPS + "0,2,1,,\n", "line 2"),
        (read_clips, CLIPS + "0,-1,1,,\n", "line 2"),
        (read_clips, CLIPS + "0,0,1,,\n1,5,6,,\n2,4,5,,\n", "line 4"),
        (read_clips, CLIPS + "0,nan,1,,\n", "line 2"),
        (read_clips, CLIPS + "0,0,inf,,\n", "line 2"),
        (read_clips, CLIPS + "0,0,one,,\n", "line 2"),
        (read_clips, CLIPS + "0,0,1,1.5,\n", "line 2"),
        (read_clips, CLIPS + "0,0,1\n", "line 2"),
        (read_clips, CLIPS + "0,0,1,,,\n", "line 2"),
        (read_clips, "x" * 200_000, "a.txt"),  # more than the csv module takes as one cell
        (read_snippets, "", "no column 'snippet'"),
        (read_snippets, SNIPPETS, "no snippets"),
        (read_snippets, SNIPPETS + '0," ",,\n', "line 2"),
        (read_snippets, SNIPPETS + '0,"two\nlines",,\n1,a,nan,1\n', "line 4"),
        (read_snippets, SNIPPETS + "0,a\n", "line 2"),
        (read_snippets, SNIPPETS + "0,a, comma,,\n", "line 2"),
        (read_annotations, "", "no annotations"),
        (read_annotations, "0\t1\ta\n2\t2\tb\n", "line 2"),
        (read_annotations, "3\t2\ta\n", "line 1"),
        (read_annotations, "-1\t2\ta\n", "line 1"),
        (read_annotations, "0\tnan\ta\n", "line 1"),
        (read_annotations, "0\tinf\ta\n", "line 1"),
        (read_annotations, "0 1 a\n", "line 1"),
        (read_annotations, "0\t1\n", "line 1"),
    ],
)
def test_complaints_name_file_line_and_remedy(tmp_path, read, content, said):
    path = tmp_path / "a.txt"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert str(caught.value).endswith(caught.value.remedy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", [read_clips, read_snippets, read_annotations, read_split])
@pytest.mark.parametrize("make", ["latin-1", "folder", "missing"])
def test_unreadable_tables_are_named(tmp_path, read, make):
    path = tmp_path / "a.txt"
    if make == "latin-1":
        path.write_bytes("é".encode("latin-1"))
    elif make == "folder":
        path.mkdir()
    with pytest.raises(InputError, match=r"a\.txt: .*; "):
        read(path)


def test_splits_keep_order_and_drop_comments(tmp_path):
    write_split(tmp_path / "train.txt", ["b", "a c", "0001"])
    assert read_split(tmp_path / "train.txt") == ["b", "a c", "0001"]
    (tmp_path / "train.txt").write_text("b\n# a  # the same film as b\n\n  c # good\nb\n")
    assert read_split(tmp_path / "train.txt") == ["b", "c"]


# Atomic replacement


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_new_file_replaces_the_old_one_in_a_new_folder(tmp_path):
    write_text(tmp_path / "new" / "a.txt", "one")
    write_text(tmp_path / "new" / "a.txt", "två\r\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "två\r\n".encode()
    assert files(tmp_path) == ["new", "new/a.txt"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), InputError("b", "bad", "mend")])
def test_a_failing_writer_leaves_the_old_file_alone(tmp_path, error):
    write_text(tmp_path / "a.txt", "old")

    def write():
        with replacing(tmp_path / "a.txt") as part:
            part.write_text("half")
            raise error

    with pytest.raises(type(error)):
        write()
    assert (tmp_path / "a.txt").read_text() == "old"
    assert files(tmp_path) == ["a.txt"]


def test_the_old_file_stays_until_the_new_one_is_complete(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    with replacing(tmp_path / "a.txt") as part:
        part.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
        assert part.name.startswith(".")
    assert (tmp_path / "a.txt").read_text() == "new"


@pytest.mark.parametrize("old", ["old", None])
def test_a_full_disk_is_said_and_leaves_the_old_file_alone(tmp_path, monkeypatch, old):
    if old:
        write_text(tmp_path / "a.txt", old)

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CallError, match=r"a\.txt: .*No space left on device"):
        write_text(tmp_path / "a.txt", "new")
    assert files(tmp_path) == (["a.txt"] if old else [])
    assert not old or (tmp_path / "a.txt").read_text() == old


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path):
    (tmp_path / "clips").write_text("I am no folder")
    with pytest.raises(CallError, match=r"a\.csv"):
        write_text(tmp_path / "clips" / "a.csv", "new")
    assert (tmp_path / "clips").read_text() == "I am no folder"


# Provenance


def test_states_of_an_output(tmp_path):
    output = tmp_path / "clips" / "a.csv"
    recipe = Recipe("segment", {"threshold": 20.0}, {"a.mp4": "1"})
    assert state_of(output, recipe) is State.MISSING
    write_text(output, "by hand")
    assert state_of(output, recipe) is State.FOREIGN
    with recorded(output, recipe) as part:
        part.write_text("made")
    assert state_of(output, recipe) is State.CURRENT
    assert state_of(output, Recipe("segment", {"threshold": 21.0}, {"a.mp4": "1"})) is State.STALE
    assert state_of(output, Recipe("segment", {"threshold": 20.0}, {"a.mp4": "2"})) is State.STALE
    assert state_of(output, Recipe("import", {"threshold": 20.0}, {"a.mp4": "1"})) is State.FOREIGN
    write_text(output, "changed by hand")
    assert state_of(output, recipe) is State.FOREIGN
    output.unlink()
    assert state_of(output, recipe) is State.MISSING


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", "null", "\xff"])
def test_a_damaged_note_makes_its_file_foreign(tmp_path, note):
    output, recipe = tmp_path / "a.csv", Recipe("segment", {}, {})
    with recorded(output, recipe) as part:
        part.write_text("x")
    [path] = (tmp_path / ".made").iterdir()
    path.write_bytes(note.encode("latin-1"))
    assert state_of(output, recipe) is State.FOREIGN


@pytest.mark.parametrize("previous", [None, "old"])
def test_an_output_killed_between_its_record_and_its_place_is_made_again(tmp_path, monkeypatch, previous):
    """The record is written just before the file is renamed; nobody needs to force what was his own."""
    output, recipe = tmp_path / "a.csv", Recipe("segment", {"threshold": 20.0}, {})
    if previous is not None:
        with recorded(output, Recipe("segment", {"threshold": 21.0}, {})) as part:
            part.write_text(previous)

    def die(*_):
        raise KeyboardInterrupt

    rename = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, to: die() if to == output else rename(path, to))
    with pytest.raises(KeyboardInterrupt), recorded(output, recipe) as part:
        part.write_text("new")
    monkeypatch.setattr(Path, "replace", rename)
    assert state_of(output, recipe) is (State.MISSING if previous is None else State.STALE)
    with recorded(output, recipe) as part:
        part.write_text("new")
    assert state_of(output, recipe) is State.CURRENT


def test_writers_at_the_same_time_do_not_disturb_each_other(tmp_path):
    """Two threads write one file while a third reads it: whole texts only, and no writer fails."""
    path = tmp_path / "x.json"
    texts = {letter: letter * 200_000 for letter in "ab"}
    write_text(path, texts["a"])
    writers = [
        threading.Thread(target=lambda text: [write_text(path, text) for _ in range(50)], args=(text,))
        for text in texts.values()
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_text() in texts.values()
    assert files(tmp_path) == ["x.json"]


def test_partial_files_of_ended_writers_are_removed(tmp_path):
    """Of this machine's ended processes at once, of other machines' once they are old."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with replacing(tmp_path / "b.csv") as part:
        part.touch()
        host = part.name.split(".")[2].split("-")[0]
    names = {
        f".a.{host}-{ended.pid:x}-1.part.csv": 0,
        ".a.1f-2b-1.part.csv": 7200,
        ".a.1f-3c-1.part.csv": 60,
        f".ab.{host}-{ended.pid:x}-1.part.csv": 7200,
        f".a.{host}-{os.getpid():x}-1.part.csv": 60,
    }
    for name, age in names.items():
        (tmp_path / name).write_text("half")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    write_text(tmp_path / "a.csv", "new")
    kept = {*names} - {f".a.{host}-{ended.pid:x}-1.part.csv", ".a.1f-2b-1.part.csv"}
    assert files(tmp_path) == sorted([*kept, "a.csv", "b.csv"])


# Corpus


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x")


def test_ids_are_the_stems_of_visible_files(tmp_path):
    touch(tmp_path, "clips/b.csv", "clips/a.v2.csv", "clips/.c.part.csv", "clips/notes.txt")
    touch(tmp_path, "clips/.made/b.csv.json", "snippets/z.csv")
    corpus = Corpus.open(tmp_path)
    assert corpus.clip_ids() == ["a.v2", "b"]
    assert corpus.known_ids() == {"a.v2", "b", "z"}
    assert corpus.ids_in("annotations", ".tsv") == []
    with pytest.raises(CallError, match="no such folder"):
        Corpus.open(tmp_path / "nowhere")


def test_two_films_with_one_stem_are_a_failure_of_that_id(tmp_path):
    touch(tmp_path, "videos/a.mkv", "videos/a.MP4", "videos/b.mp4", "videos/.c.mp4", "videos/d.srt")
    (tmp_path / "videos" / "e.mp4").mkdir()
    found, clashes = Corpus(tmp_path).media("videos", (".mp4", ".mkv"))
    assert found == {"b": tmp_path / "videos" / "b.mp4"}
    assert [clash.id for clash in clashes] == ["a"]
    assert "a.mkv" in clashes[0].reason
    assert "a.MP4" in clashes[0].reason


def test_a_split_names_ids_that_the_corpus_has(tmp_path):
    touch(tmp_path, "clips/a.csv", "snippets/b.csv")
    corpus = Corpus(tmp_path)
    with pytest.raises(CallError, match=r"train\.txt: no such file"):
        corpus.split_ids(Split.TRAIN)
    write_split(corpus.split(Split.TRAIN), [])
    with pytest.raises(CallError, match=r"train\.txt: contains no ids"):
        corpus.split_ids(Split.TRAIN)
    write_split(corpus.split(Split.TRAIN), ["a", "x", "b"])
    with pytest.raises(CallError, match=r"train\.txt: contains 'x'"):
        corpus.split_ids(Split.TRAIN)
    write_split(corpus.split(Split.TRAIN), ["b", "a"])
    assert corpus.split_ids(Split.TRAIN) == ["b", "a"]


def test_titles_are_optional(tmp_path):
    assert Corpus(tmp_path).titles() == {}
    (tmp_path / "videos.csv").write_text('id,title\na,"One, two"\nb,\n,lost\n')
    assert Corpus(tmp_path).titles() == {"a": "One, two", "b": ""}


# Metrics


def test_what_is_not_a_number_is_null(tmp_path):
    write_metrics(tmp_path / "m.json", {"a": float("nan"), "b": {"c": [0.5, float("nan")]}, "d": (1,)})
    assert json.loads((tmp_path / "m.json").read_text()) == {"a": None, "b": {"c": [0.5, None]}, "d": [1]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_metrics_are_strict_json(tmp_path, value):
    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    write_metrics(tmp_path / "m.json", {"a": value})
    json.loads((tmp_path / "m.json").read_text(), parse_constant=refuse)


def test_a_history_grows_line_by_line(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_history(path) == []
    write_history(path, [{"epoch": 1, "loss": 0.5}])
    append_history(path, {"epoch": 2, "loss": float("nan")})
    assert read_history(path) == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": None}]


@pytest.mark.parametrize("entry", ["1", [1, "x"], {"a": {"b": "c"}}, 10**400, [[1]]], ids=str)
def test_a_line_with_what_no_epoch_measures_ends_the_history(tmp_path, entry):
    path = tmp_path / "metrics.jsonl"
    write_history(path, [{"epoch": 1, "diagnostics": {"means": {"a": [0.5, math.nan]}}}])
    read = [{"epoch": 1, "diagnostics": {"means": {"a": [0.5, None]}}}]
    assert read_history(path) == read
    append_history(path, {"epoch": 2, "loss": entry})
    assert read_history(path) == read


def test_values_that_are_not_finite_are_left_out_of_the_events(tmp_path):
    earlier = [{"epoch": 1, "means": {"a": [0.5, None], "b": [None]}}]
    EventLog(tmp_path, earlier).append({"epoch": 2, "means": {"a": [0.5, math.nan]}})
    content = next(tmp_path.iterdir()).read_bytes()
    assert content.count(b"means/a") == 2
    assert b"means/b" not in content


def test_a_line_that_a_crash_cut_short_ends_the_history(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_history(path, [{"epoch": 1}, {"epoch": 2}])
    whole = path.read_bytes()
    for length in range(len(b'{"epoch": 1}\n'), len(whole) - 2):
        path.write_bytes(whole[:length])
        assert read_history(path) == [{"epoch": 1}]


# Runs and alignments


def test_a_run_survives(tmp_path):
    config = RunConfig({"epochs": 3, "learning_rate": 7e-3, "actions": ["pop-video"]}, "digest")
    write_run(tmp_path / "config.json", config)
    assert read_run(tmp_path / "config.json") == config


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not a valid run configuration"),
        ("[1]", "is not a valid run configuration"),
        ('{"format": "other", "version": 1}', "is not a valid run configuration"),
        ('{"format": "mmtool-run", "version": 99}', "version 99"),
    ],
)
def test_another_file_is_no_run(tmp_path, content, said):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match=rf"config\.json: .*{said}"):
        read_run(tmp_path / "config.json")
    with pytest.raises(InputError, match="no such run"):
        read_run(tmp_path / "none.json")


def alignment(matches, clips=3, snippets=3):
    return Alignment(
        id="a",
        clips=tuple(Clip(float(k), k + 1.0, k * 10, k * 10 + 10) for k in range(clips)),
        snippets=tuple(Snippet(f"é {k}", k or None, None) for k in range(snippets)),
        matches=matches,
        clip_confidence=(0.25,) * clips,
        snippet_confidence=(0.5,) * snippets,
        decoder="greedy",
        checkpoint="sha",
    )


@pytest.mark.parametrize(
    "matches",
    [(), ((0, 0), (1, 0), (2, 1)), ((0, 0), (0, 1), (1, 1), (2, 2))],
    ids=["none", "one-to-many", "many-to-many"],
)
def test_an_alignment_survives(tmp_path, matches):
    write_alignment(tmp_path / "a.json", alignment(matches), "recipe")
    assert read_alignment(tmp_path / "a.json") == (alignment(matches), "recipe")


def test_an_alignment_keeps_the_kinds_and_places_of_its_snippets(tmp_path):
    snippets = (Snippet("ANNA", kind="character", place=Place(3, 20, 24)), Snippet("Go."), Snippet("x"))
    write_alignment(tmp_path / "a.json", replace(alignment(()), snippets=snippets), "recipe")
    read, _ = read_alignment(tmp_path / "a.json")
    assert [(s.text, s.kind, s.place) for s in read.snippets] == [(s.text, s.kind, s.place) for s in snippets]


def test_an_alignment_is_readable_without_mmtool(tmp_path):
    """Clips that touch are one interval; a clip says its snippet, or null."""
    write_alignment(tmp_path / "a.json", alignment(((0, 0), (1, 0), (3, 0), (4, 2)), clips=5), "recipe")
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [clip["snippet"] for clip in content["clips"]] == [0, 0, None, 0, 2]
    assert [snippet["clips"] for snippet in content["snippets"]] == [[0, 1, 3], [], [4]]
    assert content["snippets"][0]["intervals"] == [[0, 2], [3, 4]]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-20],
        lambda _: "",
        lambda _: "[]",
        lambda text: text.replace("mmtool-alignment", "other"),
        lambda text: text.replace('"version": 1', '"version": 99'),
        lambda text: text.replace('"clips"', '"shots"'),
    ],
    ids=["short", "empty", "list", "format", "version", "no clips"],
)
def test_a_damaged_alignment_is_named(tmp_path, damage):
    path = tmp_path / "a.json"
    write_alignment(path, alignment(((0, 0),)), "recipe")
    path.write_text(damage(path.read_text()))
    with pytest.raises(InputError, match=r"a\.json: .*mmtool align --force"):
        read_alignment(path)


def test_a_missing_alignment_is_named(tmp_path):
    with pytest.raises(InputError, match="no such alignment"):
        read_alignment(tmp_path / "a.json")


# Checkpoints


def checkpoint():
    given = CheckpointInput(
        name="bert",
        sources=(EncoderIdentity("bert", "m", "none", 2, {"pooling": "mean"}),),
        projection="achlioptas, dimension 2, seed 0",
        transform={
            "mean": torch.tensor([1.0, 2.0], dtype=torch.float64),
            "scale": torch.ones(2, dtype=torch.float64),
        },
    )
    return Checkpoint(
        settings={"epochs": 3},
        shape={"actions": 3, "video_dimension": 2, "text_dimension": 2, "inputs": "rp"},
        epoch=2,
        scores={"text_iou": 0.5},
        network={"weight": torch.arange(6.0).view(2, 3)},
        inputs={Modality.VIDEO: given, Modality.TEXT: given},
        training={
            "epoch": 2,
            "best_score": float("-inf"),
            "best_epoch": 0,
            "optimizer": {"state": {0: {"step": 1}}},
            "scheduler": {},
        },
    )


def test_a_checkpoint_survives(tmp_path):
    write_checkpoint(tmp_path / "a.pt", checkpoint())
    read = read_checkpoint(tmp_path / "a.pt")
    expected = checkpoint()
    for name in ("settings", "shape", "epoch", "scores", "training"):
        assert getattr(read, name) == getattr(expected, name)
    assert torch.equal(read.network["weight"], expected.network["weight"])
    given, wanted = read.inputs[Modality.TEXT], expected.inputs[Modality.TEXT]
    assert (given.name, given.sources, given.projection) == (wanted.name, wanted.sources, wanted.projection)
    assert given.transform["mean"].dtype == torch.float64
    assert given.transform["mean"].tolist() == [1, 2]


def test_another_checkpoint_has_another_digest(tmp_path):
    write_text(tmp_path / "a.pt", "1")
    write_text(tmp_path / "b.pt", "2")
    assert checkpoint_digest(tmp_path / "a.pt") != checkpoint_digest(tmp_path / "b.pt")


@pytest.mark.parametrize(
    "content", [b"", b"no checkpoint", b"best epoch: 7", b"0", b"J", b"[1, 2]\n", b"PK\x03\x04", b"\x80\x02."]
)
def test_anything_else_is_no_checkpoint(tmp_path, content):
    (tmp_path / "a.pt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.pt: is not a valid checkpoint"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_checkpoint_cut_short_is_named(tmp_path):
    write_checkpoint(tmp_path / "a.pt", checkpoint())
    whole = (tmp_path / "a.pt").read_bytes()
    for length in range(0, len(whole), len(whole) // 20):
        (tmp_path / "a.pt").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"a\.pt: is not a valid checkpoint"):
            read_checkpoint(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"model_state_dict": {}, "epoch": 3}, "not a checkpoint of mmtool"),
        (torch.zeros(3), "not a checkpoint of mmtool"),
        ({"format": "mmtool-checkpoint", "version": 99}, "version 99"),
        ({"format": "mmtool-checkpoint", "version": 1}, "is not a valid checkpoint"),
    ],
    ids=["foreign", "tensor", "version", "incomplete"],
)
def test_another_file_of_torch_is_refused(tmp_path, content, said):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(InputError, match=rf"a\.pt: .*{said}"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.pt: no such checkpoint"):
        read_checkpoint(tmp_path / "a.pt")


class Malicious:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize(
    "save", [torch.save, lambda content, path: path.write_bytes(pickle.dumps(content, 2))]
)
def test_no_code_in_a_checkpoint_is_run(tmp_path, save):
    target = tmp_path / "made by the attacker"
    save({"format": "mmtool-checkpoint", "version": 1, "network": Malicious(target)}, tmp_path / "a.pt")
    with pytest.raises(InputError, match=r"a\.pt: is not a valid checkpoint"):
        read_checkpoint(tmp_path / "a.pt")
    assert not target.exists()
    pickle.loads(pickle.dumps(Malicious(target)))  # noqa: S301 - the trap itself works
    assert target.is_dir()


def test_a_checkpoint_with_a_flipped_bit_is_named(tmp_path):
    path = tmp_path / "last.pt"
    write_checkpoint(path, checkpoint())
    content = bytearray(path.read_bytes())
    content[content.index(checkpoint().network["weight"].numpy().tobytes()) + 5] ^= 4
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"last\.pt: is damaged \(wrong checksum"):
        read_checkpoint(path)


def test_a_compressed_checkpoint_is_refused_before_it_is_unpacked(tmp_path):
    path, bomb = tmp_path / "last.pt", tmp_path / "bomb.pt"
    write_checkpoint(path, checkpoint())
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as deflated:
        for name in stored.namelist():
            deflated.writestr(name, stored.read(name))
    with pytest.raises(InputError, match="is refused, because it is compressed"):
        read_checkpoint(bomb)


def test_a_checkpoint_with_a_vast_pickle_is_refused_before_it_is_read(tmp_path):
    path, vast = tmp_path / "last.pt", tmp_path / "vast.pt"
    write_checkpoint(path, checkpoint())
    with zipfile.ZipFile(path) as good, zipfile.ZipFile(vast, "w", zipfile.ZIP_STORED) as archive:
        for name in good.namelist():
            zeros = bytes(MOST_PLAIN) if name.endswith("data.pkl") else b""
            archive.writestr(name, good.read(name) + zeros)
    with pytest.raises(InputError, match="holds more than tensors and settings"):
        read_checkpoint(vast)


@pytest.mark.parametrize(
    "entry",
    [
        {"settings": "[1]"},
        {"settings": "[" * 100_000},
        {"shape": "3"},
        {"shape": '{"actions": 3, "video_dimension": 0, "text_dimension": 2}'},
        {"shape": '{"actions": 3, "video_dimension": 2, "text_dimension": 2, "dropout": "x"}'},
        {"shape": '{"actions": 3, "video_dimension": 3, "text_dimension": 2}'},
        {"epoch": "1"},
        {"scores": {"video_accuracy": "high"}},
        {"network": [torch.zeros(1)]},
        {"network": {"w": 1}},
        {"network": {"w": torch.zeros(2, dtype=torch.float64)}},
        {"network": {"w": torch.tensor(math.nan)}},
        {"network": {"w": torch.zeros(1).expand(10**10)}},
        {"network": {"w": torch.eye(3).to_sparse()}},
        {"inputs": {}},
        {"training": 3},
        {"training": {"epoch": 2}},
        {"timing": '{"weight": "1", "parameters": {}}'},
    ],
    ids=lambda entry: next(iter(entry)),
)
def test_entries_of_other_types_are_no_checkpoint(tmp_path, entry):
    path = tmp_path / "last.pt"
    write_checkpoint(path, checkpoint())
    torch.save(torch.load(path, weights_only=True) | entry, path)
    with pytest.raises(InputError, match="is not a valid checkpoint"):
        read_checkpoint(path)
