"""Runs against each other: paired differences by hand, and what the command says."""

import json
from math import nan

import pytest

from mmtool.errors import SettingError
from mmtool.evaluation.comparison import compare_scores
from mmtool.evaluation.measures import VideoScore
from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.metrics import write_history
from mmtool.records import Alignment
from mmtool.stages import compare as stages
from support.commands import call
from support.corpora import make_corpus


def score(correct, *ious):
    return VideoScore(correct_seconds=correct, clip_seconds=10.0, ious=ious)


def test_differences_are_second_minus_first_over_common_videos():
    first = {"a": score(5.0, 0.5), "b": score(2.0, 0.2), "only here": score(9.0, 0.9)}
    second = {"a": score(6.0, 0.4), "b": score(5.0, 0.6)}
    found = compare_scores(first, second)
    assert found.videos == 2
    assert found.video_accuracy.value == pytest.approx((0.1 + 0.3) / 2)
    assert found.text_iou.value == pytest.approx((-0.1 + 0.4) / 2)
    assert [change.id for change in found.changes] == ["b", "a"]  # by how much they changed


def test_pairing_makes_a_constant_gain_certain_however_hard_the_videos_are():
    first = {str(k): score(float(k), k / 10) for k in range(9)}
    second = {str(k): score(k + 1.0, k / 10 + 0.1) for k in range(9)}
    found = compare_scores(first, second)
    assert found.video_accuracy.low == pytest.approx(0.1)
    assert found.video_accuracy.high == pytest.approx(0.1)


def test_an_undefined_measure_leaves_its_video_out_of_that_mean():
    found = compare_scores({"a": score(1.0), "b": score(1.0, 0.5)}, {"a": score(2.0), "b": score(1.0, 0.7)})
    assert found.text_iou.value == pytest.approx(0.2)
    assert found.video_accuracy.value == pytest.approx(0.05)
    assert compare_scores({}, {}).video_accuracy.value is not None
    assert str(compare_scores({}, {}).video_accuracy.value) == str(nan)


@pytest.fixture
def corpus(tmp_path):
    """The run ``none`` has the alignments of ``semi-markov`` without their matches."""
    corpus = make_corpus(tmp_path)
    call("align", corpus.root)
    for id in corpus.aligned_ids("semi-markov"):
        known, recipe = read_alignment(corpus.alignment("semi-markov", id))
        empty = Alignment(
            id, known.clips, known.snippets, (), known.clip_confidence, known.snippet_confidence, "x", ""
        )
        write_alignment(corpus.alignment("none", id), empty, recipe)
    return corpus


def compare(corpus, *runs, code=0):
    arguments = [argument for run in runs for argument in ("--run", run)]
    return call("compare", corpus.root, *arguments, "--json", code=code)


def test_the_command_agrees_with_evaluate(corpus):
    measured = {}
    for run in ("semi-markov", "none"):
        found = json.loads(call("evaluate", corpus.root, "--run", run, "--json").output)
        measured[run] = found["measures"][run]["video_accuracy"]["value"]
    found = json.loads(compare(corpus, "none", "semi-markov").output)["comparisons"]["semi-markov"]
    assert found["videos"] == 6
    assert found["video_accuracy"]["value"] == pytest.approx(measured["semi-markov"] - measured["none"])
    assert len(found["changes"]) == 6


def test_a_run_against_its_copy_makes_no_difference(corpus):
    for path in (corpus.root / "alignments" / "none").glob("*.json"):
        path.write_bytes((corpus.root / "alignments" / "semi-markov" / path.name).read_bytes())
    output = call("compare", corpus.root, "--run", "none", "--run", "semi-markov").output
    assert "no clear difference" in output
    assert "+0.0" in output


def test_videos_that_one_run_lacks_are_left_out_and_said(corpus):
    corpus.alignment("none", "v0").unlink()
    report = json.loads(compare(corpus, "none", "semi-markov").output)
    assert report["comparisons"]["semi-markov"]["videos"] == 5
    assert report["notes"] == ["1 video is omitted: it is not aligned by every run"]


def test_calls_that_cannot_be_answered_are_refused(corpus):
    assert "--run must name at least two different runs" in compare(corpus, "none", code=2).output
    assert "each once, not none, none" in compare(corpus, "none", "none", code=2).output
    assert "run `mmtool align` first" in compare(corpus, "none", "nowhere", code=2).output


def test_a_damaged_alignment_fails_alone(corpus):
    corpus.alignment("none", "v1").write_text("{}", encoding="utf-8")
    output = compare(corpus, "none", "semi-markov", code=1).output
    assert "v1.json: is not a valid alignment file" in output


def test_one_video_has_a_difference_but_no_interval(corpus):
    for id in corpus.aligned_ids("none"):
        if id != "v0":
            corpus.alignment("none", id).unlink()
    shown = call("compare", corpus.root, "--run", "none", "--run", "semi-markov").stdout
    assert "semi-markov − none: 1 video\n" in shown
    assert shown.count("needs more videos") == 2
    assert " to " not in shown


def test_from_python_runs_are_keywords_and_the_report_is_typed(corpus):
    report = stages.compare(corpus.root, runs=("none", "semi-markov"), resamples=10)
    assert report.first == "none"
    assert report.comparisons["semi-markov"].videos == len(report.done) == 6
    with pytest.raises(SettingError, match="runs must name at least two different runs"):
        stages.compare(corpus.root, runs=("none",))


def test_runs_with_measured_losses_show_how_far_they_overfitted(corpus):
    """G is 0.4 after either epoch; O is 0.2 in the better one, 0.6 in the last."""
    write_history(
        corpus.history("none"),
        [
            {
                "epoch": number,
                "loss": 1.0,
                "losses": {"joint": {"train": train, "validation": 1.6}},
                "initial_losses": {"joint": {"train": 2.0, "validation": 2.0}} if number == 1 else {},
                "video_accuracy": 0.5,
                "text_iou": 0.6 - number / 10,
            }
            for number, train in ((1, 1.4), (2, 1.0))
        ],
    )
    found = json.loads(compare(corpus, "none", "semi-markov").output)["ogr"]
    assert [(row["run"], row["epoch"], row["best"]) for row in found] == [
        ("none", 1, True),
        ("none", 2, False),
    ]
    assert [row["ratio"] for row in found] == pytest.approx([0.5, 1.5])
    shown = call("compare", corpus.root, "--run", "none", "--run", "semi-markov").stdout
    assert ["none", "joint", "2", "1.000", "1.600", "+0.400", "+0.600", "1.5"] in [
        line.split() for line in shown.splitlines()
    ]
    write_history(corpus.history("none"), [{"epoch": 1, "loss": 1.0, "losses": {"joint": 3}}])
    result = call("compare", corpus.root, "--run", "none", "--run", "semi-markov")
    assert "OGR is not shown" in result.stderr
