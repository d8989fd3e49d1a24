"""``mmtool plot --what ogr`` and the table of ``compare``: rows by hand, branches, runs without losses."""

import csv
import json

import numpy as np
import pytest

from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import write_history
from mmtool.plots.curves import PALETTE
from mmtool.plots.ogr import OgrCurve, draw_ogr
from mmtool.stages.shared.overfitting import ogr_rows, telling
from support.commands import call, complaint
from support.pictures import names, svg_texts


def epoch(number, train, validation, accuracy=None, *, initial=None, **branches):
    pairs = {"joint": (train, validation)} | branches
    return {
        "epoch": number,
        "loss": 1.0,
        "losses": {name: {"train": t, "validation": v} for name, (t, v) in pairs.items()},
        "initial_losses": {name: dict(zip(("train", "validation"), initial, strict=True)) for name in pairs}
        if initial
        else {},
        "video_accuracy": accuracy,
        "text_iou": accuracy,
    }


HISTORY = [  # G 0.5, 0.8, 0.6; O 0.1, 0.4, 1.2
    epoch(1, 1.4, 1.6, 0.2, initial=(2.0, 2.1)),
    epoch(2, 0.8, 1.3, 0.6),
    epoch(3, 0.2, 1.5, 0.5),
]


@pytest.fixture
def corpus(tmp_path):
    made = Corpus(tmp_path)
    write_history(made.history("first"), HISTORY)
    return made


def test_rows_count_from_before_training():
    rows = ogr_rows("first", HISTORY)
    assert [row.epoch for row in rows] == [0, 1, 2, 3]
    assert [row.generalisation for row in rows] == pytest.approx([0, 0.5, 0.8, 0.6])
    assert [row.overfitting for row in rows] == pytest.approx([0, 0.1, 0.4, 1.2])
    assert rows[0].ratio is None
    assert [row.ratio for row in rows[1:]] == pytest.approx([0.2, 0.5, 2.0])
    assert [row.epoch for row in rows if row.best] == [2]
    assert [row.epoch for row in telling(rows)] == [2, 3]


def test_a_continued_run_of_an_earlier_version_counts_from_its_first_measured_epoch():
    old = {"epoch": 1, "loss": 1.0, "video_accuracy": 0.9, "text_iou": 0.9}
    rows = ogr_rows("first", [old, *HISTORY[1:]])
    assert [row.epoch for row in rows] == [2, 3]
    assert rows[1].generalisation == pytest.approx(-0.2)
    assert rows[1].overfitting == pytest.approx(0.8)


def test_branches_have_rows_of_their_own():
    epochs = [
        epoch(1, 1.0, 1.0, initial=(2.0, 2.0), motion=(1.0, 1.5)),
        epoch(2, 0.5, 1.0, motion=(1.0, 1.2)),
    ]
    rows = telling(ogr_rows("both", epochs))
    assert [(row.branch, row.epoch) for row in rows] == [("joint", 2), ("motion", 2)]
    assert [row.ratio for row in rows] == pytest.approx([0.5, 0.25])


def test_the_command_draws_writes_and_prints(corpus):
    result = call("plot", corpus.root, "--run", "first", "--what", "ogr")
    assert names(corpus.plots()) == {"ogr.png", "ogr.csv"}
    rows = list(csv.DictReader((corpus.plots() / "ogr.csv").open()))
    assert [row["OGR"] for row in rows] == ["", "0.2", "0.5", "2"]
    assert (rows[3]["run"], rows[3]["branch"], rows[3]["epoch"], rows[3]["O"]) == (
        "first",
        "joint",
        "3",
        "1.2",
    )
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["first", "joint", "2", "*", "0.800", "1.300", "+0.800", "+0.400", "0.5"] in lines
    assert ["first", "joint", "3", "0.200", "1.500", "+0.600", "+1.200", "2"] in lines


def test_json_has_the_rows_and_no_nan(corpus):
    found = json.loads(call("plot", corpus.root, "--what", "ogr", "--json").stdout)["ogr"]
    assert [row["best"] for row in found] == [True, False]
    assert found[1]["ratio"] == pytest.approx(2.0)


def test_a_picture_of_one_run_names_branches_and_one_of_several_names_runs(corpus, tmp_path):
    write_history(corpus.history("second"), [epoch(1, 1.0, 1.0, initial=(2.0, 2.0), motion=(1.0, 1.5))])
    call("plot", corpus.root, "--run", "second", "--what", "ogr", "--format", "svg")
    assert {"joint", "motion", "OGR = |O / G|"} <= svg_texts(corpus.plots() / "ogr.svg")
    call("plot", corpus.root, "--run", "first", "--run", "second", "--what", "ogr", "--format", "svg")
    assert {"first", "second", "joint", "motion"} <= svg_texts(corpus.plots() / "ogr.svg")


def test_colours_are_branches_of_one_run_and_runs_of_several():
    def curve(run, branch):
        return OgrCurve(run, branch, *np.array([[0, 0.0, 0.0, np.nan], [1, 0.5, 0.1, 0.2]]).T)

    def drawn(*curves):
        return [(line.get_color(), line.get_linestyle()) for line in draw_ogr(curves).axes[2].lines]

    assert drawn(curve("a", "joint"), curve("a", "motion")) == [(PALETTE[0], "-"), (PALETTE[1], "-")]
    assert drawn(curve("a", "joint"), curve("b", "joint")) == [(PALETTE[0], "-"), (PALETTE[1], "-")]
    assert drawn(curve("a", "joint"), curve("a", "motion"), curve("b", "joint")) == [
        (PALETTE[0], "-"),
        (PALETTE[0], "--"),
        (PALETTE[1], "-"),
    ]


def test_a_run_without_losses_is_named(corpus):
    write_history(corpus.history("old"), [{"epoch": 1, "loss": 1.0}])
    alone = call("plot", corpus.root, "--run", "old", "--what", "ogr", code=2)
    assert "records nothing for --what ogr" in complaint(alone, "metrics.jsonl")
    both = call("plot", corpus.root, "--run", "old", "--run", "first", "--what", "ogr")
    assert "records nothing" in both.stderr


@pytest.mark.parametrize("losses", [3, {"joint": 3}, {"joint": {"train": 1.0}}])
def test_losses_that_training_does_not_write_are_refused(corpus, losses):
    write_history(corpus.history("first"), [{"epoch": 1, "loss": 1.0, "losses": losses}])
    result = call("plot", corpus.root, "--what", "ogr", code=2)
    assert "is not a training history" in complaint(result, "metrics.jsonl")
