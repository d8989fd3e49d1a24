"""Plans of sets: timing on several corpora, beside the rules, in one table."""

import csv
import json

import numpy as np
import pytest

from mmtool.errors import CallError, SettingError
from mmtool.formats.annotations import write_annotations
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.plans import find_plan, read_plan
from mmtool.formats.runs import read_run
from mmtool.formats.snippets import write_snippets
from mmtool.formats.splits import read_split, write_split
from mmtool.records import Annotation, Clip, Snippet
from mmtool.stages.evaluate import evaluate
from mmtool.stages.experiment import experiment
from support.commands import call, complaint
from support.narrations import Narrator, draw

PLAN = """
title = "Here and there"
[[sets]]
label = "whole"
corpus = "one"
[[sets]]
label = "across"
corpus = "one"
splits = ["train", "val"]
train_titles = "Loud"
titles = "^Quiet"
[[sets]]
label = "tongues"
corpus = "one"
by_language = true
[[sets]]
label = "elsewhere"
corpus = "none"
"""


def make_folder(root):
    """A folder with one corpus of eight narrations by two channels, in two languages."""
    corpus = Corpus(root / "folder" / "one")
    rng, rows = np.random.default_rng(5), []
    for number in range(8):
        id, video = f"v{number}", draw(rng, Narrator())
        texts = [f"{text}{index}" for index, text in enumerate(video.texts)]
        write_clips(corpus.clips(id), [Clip(*clip) for clip in video.clips])
        write_snippets(corpus.snippets(id), [Snippet(text) for text in texts])
        annotations = [
            Annotation(*interval, text)
            for text, interval in zip(texts, video.truth, strict=True)
            if interval is not None
        ]
        write_annotations(corpus.annotations(id), annotations)
        rows.append((id, "Loud film" if number < 5 else "Quiet film", "en" if number % 2 else "pt"))
    write_rows(corpus.root / "videos.csv", ("id", "title", "language"), rows)
    write_split(corpus.root / "splits/train.txt", ["v0", "v1", "v2", "v3", "v5"])
    write_split(corpus.root / "splits/val.txt", ["v4", "v6"])
    write_split(corpus.root / "splits/test.txt", ["v7"])
    return corpus.root.parent


@pytest.fixture
def folder(tmp_path):
    return make_folder(tmp_path)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A folder whose plan was measured, and the report."""
    folder = make_folder(tmp_path_factory.mktemp("measured"))
    return folder, experiment(folder, plan=str(write_plan(folder)))


def write_plan(folder, text=PLAN):
    path = folder.parent / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_table_has_a_row_for_each_set_and_language(measured):
    _, report = measured
    assert [(one.label, one.videos) for one in report.sets] == [
        ("whole", 8),
        ("across", 2),
        ("tongues, en", 4),
        ("tongues, pt", 4),
    ]
    assert list(report.left_out) == ["elsewhere"]
    assert any("no such corpus" in note for note in report.notes)
    assert not report.failures


def test_its_figures_are_those_of_evaluate(measured):
    folder, report = measured
    whole, evaluated = report.sets[0], evaluate(folder / "one")
    for row, name in (
        (whole.timing, "semi-markov"),
        (whole.proportional, "proportional to length"),
        (whole.uniform, "uniform"),
    ):
        summary = evaluated.measures[name]
        found = summary.video_accuracy
        assert row.video_accuracy == (found.value, found.low, found.high)
        assert row.text_iou.value == summary.text_iou.value
    assert whole.calibration_error == evaluated.calibration["clips"].error
    rules = {"proportional to length": whole.proportional, "uniform": whole.uniform}
    better = max(rules, key=lambda name: rules[name].text_iou.value)
    assert whole.better_rule == better
    assert whole.gain.value == pytest.approx(whole.timing.text_iou.value - rules[better].text_iou.value)
    assert whole.gain.low <= whole.gain.value <= whole.gain.high


def test_across_channels_only_the_other_channel_is_trained_on(measured):
    folder, _ = measured
    made = Corpus(folder / "experiments/mine/set-2")
    assert read_split(made.root / "splits/train.txt") == ["v0", "v1", "v2", "v3", "v4"]
    assert read_split(made.root / "splits/test.txt") == ["v5", "v6"]
    assert read_run(made.run("timing") / "config.json").settings["preset"] == "semi-markov"
    assert made.aligned_ids("timing") == ["v5", "v6"]


def test_the_files_and_the_table(measured):
    folder, _ = measured
    table = folder.parent / "table.md"
    done = call("experiment", folder, write_plan(folder), "--table", table, "--json")
    results = json.loads((folder / "experiments/mine/results.json").read_text(encoding="utf-8"))
    assert results["format"] == "mmtool-measured-sets"
    assert json.loads(done.stdout)["sets"] == results["sets"]
    assert set(results["left_out"]) == {"elsewhere"}
    first = results["sets"][0]
    assert first["timing"]["text_iou"]["value"] == pytest.approx(first["gain"]["value"], abs=1)
    with (folder / "experiments/mine/results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["set"] for row in rows] == ["whole", "across", "tongues, en", "tongues, pt"]
    assert float(rows[0]["timing_IoU"]) == pytest.approx(first["timing"]["text_iou"]["value"], abs=1e-6)
    assert table.read_text(encoding="utf-8").count("\n") == 6


def test_the_printed_table_names_every_set(measured):
    folder, _ = measured
    done = call("experiment", folder, write_plan(folder))
    for name in ("whole", "across", "tongues, en", "Here and there", "proportional", "uniform"):
        assert name in done.stdout


def test_the_shipped_plan_says_what_is_missing(tmp_path):
    plan = read_plan(find_plan("timing-everywhere"))
    assert {one.corpus for one in plan.sets} >= {"yms", "symon", "msymon", "youcook2"}
    line = complaint(call("experiment", tmp_path, "timing-everywhere", code=2), str(tmp_path))
    assert "none of the plan's sets could be measured" in line
    with pytest.raises(CallError, match="no such folder"):
        experiment(tmp_path / "nowhere", plan="timing-everywhere")


@pytest.mark.parametrize("option", ["seeds", "epochs", "runs", "split", "video", "init_from"])
def test_settings_of_rows_are_refused(folder, option):
    value = {"seeds": (1,), "epochs": 3, "split": "val"}.get(option, "x")
    with pytest.raises(SettingError, match=f"{option} has no effect with the plan mine"):
        experiment(folder, plan=str(write_plan(folder)), **{option: value})


def test_the_table_of_rows_is_refused(folder):
    with pytest.raises(SettingError, match="table is for plans of sets"):
        experiment(folder, plan="table-1", table=folder / "a.md")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (PLAN.replace("label", "lable", 1), "set 1 has no label"),
        (PLAN.replace('"one"', '"../one"', 1), "set 1 (whole) has corpus '../one'"),
        (PLAN.replace('"val"', '"vla"'), "set 2 (across) has split 'vla'"),
        (PLAN.replace('"^Quiet"', '"("'), "which is not a regular expression"),
        (
            PLAN.replace("by_language = true", "by_language = 1"),
            "by_language 1, which should be of type bool",
        ),
        (PLAN.replace("by_language", "by_tongue"), "'by_tongue', which is not part of a plan"),
        (PLAN + '[[rows]]\nlabel = "quoted"\n', "has both [[rows]] and [[sets]]"),
    ],
)
def test_wrong_sets(folder, wrong, problem):
    assert problem in complaint(call("experiment", folder, write_plan(folder, wrong), code=2), "mine.toml")


def test_a_video_is_not_measured_by_what_it_trained(folder):
    report = experiment(folder, plan=str(write_plan(folder, PLAN.replace('"^Quiet"', '"film"'))))
    assert "both trained on and measured" in report.left_out["across"]
