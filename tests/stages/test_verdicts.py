"""What people see of confidence: verdicts in files, notes, tables and exit codes."""

import json
import re
import shutil
from math import nan
from pathlib import Path

import numpy as np
import pytest

from mmtool.cli.tables import with_interval
from mmtool.errors import SettingError
from mmtool.evaluation.baselines import BASELINES
from mmtool.evaluation.measures import Estimate
from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment, Clip, Quality, Snippet, Verdict
from mmtool.stages.align import align
from mmtool.stages.evaluate import evaluate
from support.commands import call, complaint
from support.corpora import copy_of, make_corpus
from support.films import draw_film

TIMING = "semi-markov"


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus")


def read(corpus: Corpus, id: str = "v0", run: str = TIMING) -> Alignment:
    return read_alignment(corpus.alignment(run, id))[0]


def forget_quality(corpus: Corpus) -> None:
    """Make the alignments what they were before they had a verdict."""
    for path in corpus.alignment(TIMING, "v0").parent.glob("v*.json"):
        content = json.loads(path.read_text())
        del content["quality"]
        path.write_text(json.dumps(content))


def test_a_verdict_survives_its_file(tmp_path) -> None:
    some = Quality(placed=1, snippets=1, expected_iou=0.25, expected_accuracy=0.5, reasons=("flat", "short"))
    for quality in (some, Quality(placed=0, snippets=1, verdict=Verdict.SOUND), None):
        own = Alignment(
            "v", (Clip(0, 1),), (Snippet("x"),), ((0, 0),), (0.9,), (0.9,), TIMING, "", quality=quality
        )
        write_alignment(tmp_path / "a.json", own, "recipe")
        assert read_alignment(tmp_path / "a.json")[0].quality == quality


def test_files_without_a_verdict_are_read_and_made_again(corpus):
    call("align", corpus.root)
    forget_quality(corpus)
    assert read(corpus).quality is None
    assert "verdict" not in call("info", corpus.alignment(TIMING, "v0")).stdout
    assert "verdict" not in call("evaluate", corpus.root).stdout
    measured = json.loads(call("evaluate", corpus.root, "--json").stdout)
    assert measured["videos"]["v0"]["quality"] is None
    assert measured["verdicts"]["sound"]["videos"] == 0
    assert "6 done" in call("align", corpus.root).stdout
    assert read(corpus).quality is not None


def test_align_info_and_evaluate_name_doubtful_videos(corpus):
    """The text of the third video takes far longer to read than its 11 s."""
    corpus.snippets("v2").write_text(
        "snippet,text,start,end\n" + "".join(f"{k},{'very long words ' * 9},,\n" for k in range(4))
    )
    result = call("align", corpus.root)
    assert re.search(
        r"placed \d+ of 24 snippets · expected text IoU \d+ % · expected accuracy \d+ %", result.stdout
    )
    assert "doubtful" in result.stdout
    [line] = [line for line in result.stderr.splitlines() if "v2" in line]
    assert "doubtful: text too long for the video" in line
    assert line in call("align", corpus.root).stderr.splitlines()  # also where nothing is to be done
    assert "doubtful: text too long" in call("info", corpus.alignment(TIMING, "v2")).stdout
    content = json.loads(call("align", corpus.root, "--json").stdout)
    assert content["facts"]["doubtful"] >= 1
    assert 0 < content["expected_iou"] < content["expected_accuracy"] < 1
    assert (content["snippets"], content["placed"] <= 24) == (24, True)
    assert content["videos"][0]["quality"]["verdict"] in tuple(Verdict)

    call("evaluate", corpus.root, code=1)  # the annotations are of the old text
    shown = call("evaluate", corpus.root, "--split", "test", "--per-video").stdout
    for word in ("calibration error", "clips: video accuracy", "75 %", "verdict", "Expected / measured"):
        assert word in shown


def test_evaluate_is_complete_as_json(corpus):
    call("align", corpus.root)
    content = json.loads(call("evaluate", corpus.root, "--json").stdout, parse_constant=pytest.fail)
    for what in ("clips", "snippets"):
        measured = content["calibration"][what]
        assert 0 <= measured["error"] <= 1
        assert set(measured["coverage"]) == {"0.25", "0.5", "0.75", "1.0"}
        assert sum(b["share"] for b in measured["bins"]) == pytest.approx(1)
        assert len(measured["bins"]) == 10
    summary = content["measures"][TIMING]
    assert content["calibration"]["clips"]["coverage"]["1.0"] == pytest.approx(
        summary["micro_video_accuracy"]
    )
    assert content["calibration"]["snippets"]["coverage"]["1.0"] == pytest.approx(summary["micro_text_iou"])
    assert content["videos"]["v0"]["quality"]["verdict"] in tuple(Verdict)
    saved = json.loads(corpus.metrics(TIMING).read_text())
    assert saved == {name: content[name] for name in saved}


def test_evaluate_from_python_returns_what_it_measured(corpus):
    call("align", corpus.root)
    report = evaluate(corpus.root, split="test", resamples=10)
    assert report.run == TIMING
    assert report.done == ["v4", "v5"] == list(report.videos)
    assert list(report.measures) == [TIMING, *BASELINES, "upper bound"]
    video = report.videos["v4"]
    assert video.quality == read(corpus, "v4").quality
    scores = [report.videos[id].score.video_accuracy for id in report.done]
    assert report.measures[TIMING].video_accuracy.value == pytest.approx(np.mean(scores))
    with pytest.raises(SettingError, match=r"^resamples must be at least 1"):
        evaluate(corpus.root, resamples=0)


def test_an_interval_without_width_is_not_shown(corpus):
    assert with_interval(Estimate(0.27, 0.27, 0.27)) == "27.0"
    assert with_interval(Estimate(0.27, 0.2, 0.3)) == "27.0 (20.0–30.0)"
    assert with_interval(Estimate(nan, nan, nan)) == "–"
    call("align", corpus.root)
    assert "6 videos, in % with 95 % confidence intervals" in call("evaluate", corpus.root).stdout
    (corpus.root / "splits" / "val.txt").write_text("v0\n")
    shown = call("evaluate", corpus.root, "--split", "val").stdout
    assert "1 video of the val split, in %\n" in shown
    assert "(" not in shown


def test_weak_matches_are_left_out_on_request_and_never_mixed_up(corpus):
    call("align", corpus.root)
    plain = read(corpus)
    limit = (
        sorted(plain.clip_confidence[clip] for clip, _ in plain.matches)[1] + 1e-6
    )  # files have six decimals
    option = ["--min-confidence", limit]
    assert "6 done" in call("align", corpus.root, *option).stdout
    strict = read(corpus)
    assert set(strict.matches) < set(plain.matches)
    assert all(strict.clip_confidence[clip] >= limit for clip, _ in strict.matches)
    assert strict.quality.placed == len({j for _, j in strict.matches})
    assert 0 < strict.quality.expected_iou < plain.quality.expected_iou
    assert "6 unchanged" in call("align", corpus.root, *option).stdout
    assert "6 done" in call("align", corpus.root).stdout
    assert read(corpus) == plain
    assert "placed 0 of 24" in call("align", corpus.root, "--min-confidence", 1).stdout
    nothing = read(corpus)
    assert nothing.matches == ()
    assert (nothing.quality.expected_iou, nothing.quality.verdict) == (0.0, Verdict.DOUBTFUL)
    assert "4 of 4 snippets were not placed" in nothing.quality.reasons


def expected(corpus: Corpus, run: str = TIMING) -> dict[str, float]:
    return {path.stem: read(corpus, path.stem, run).quality.expected_accuracy for path in files(corpus, run)}


def files(corpus: Corpus, run: str = TIMING) -> list[Path]:
    return sorted(corpus.alignment(run, "v0").parent.glob("v*.json"))


@pytest.mark.parametrize("before", [True, False], ids=["aligned before", "new"])
def test_a_video_below_what_is_required_fails_and_leaves_no_file(corpus, before):
    call("align", corpus.root)
    accuracy = expected(corpus)
    worst = min(accuracy, key=accuracy.__getitem__)
    if not before:
        shutil.rmtree(corpus.root / "alignments")
    option = ["--require", f"accuracy={accuracy[worst] + 1e-4}"]
    line = complaint(call("align", corpus.root, *option, code=1), f"{worst}.json: not written")
    rounded = f"{accuracy[worst]:.2f}"  # unless that is not below what is required
    shown = rounded if float(rounded) < accuracy[worst] + 1e-4 else f"{accuracy[worst]:.4g}"
    assert f"expected accuracy {shown} is below --require accuracy=" in line
    assert worst not in {path.stem for path in files(corpus)}
    assert len(files(corpus)) == 5
    report = json.loads(call("align", corpus.root, *option, "--json", code=1).stdout)
    assert [failure["id"] for failure in report["failures"]] == [worst]
    assert len(report["unchanged"]) == 5


def test_reasons_stand_beside_what_is_required(corpus):
    (corpus.root / "snippets" / "v2.csv").write_text(f"snippet,text,start,end\n0,{'long words ' * 60},,\n")
    result = call("align", corpus.root, "--require", "accuracy=1", code=1)
    [line] = [line for line in result.stderr.splitlines() if "v2.json" in line]
    assert "(text too long for the video: " in line
    assert files(corpus) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--min-confidence", 1.5),
        *(
            ("--require", value)
            for value in (0.5, -0.1, "nan", "iou", "iou=", "iou=2", "size=0.5", "iou=nan")
        ),
    ],
)
def test_shares_that_cannot_be(corpus, option, value):
    complaint(call("align", corpus.root, option, value, code=2), option)
    assert not (corpus.root / "alignments").exists()


def test_a_bare_number_is_refused_with_the_form_that_is_meant(corpus):
    for require in (0.5, "0.5"):
        with pytest.raises(SettingError, match=r"such as accuracy=0\.5, iou=0\.5 or placed=0\.5, not"):
            align(corpus.root, require=require)


def test_several_measures_can_be_required(corpus):
    """Each video has four snippets; what is placed is what remains after `min_confidence`."""
    call("align", corpus.root, "--require", "placed=0.5", "--require", "iou=0.01")
    missing = ["--min-confidence", 1, "--require", "iou=0", "--require", "placed=0.5"]
    said = call("align", corpus.root, *missing, code=1).stderr
    assert said.count("not written: placed 0 of 4 snippets, fewer than --require placed=0.5") == 6
    said = call("align", corpus.root, "--min-confidence", 1, "--require", "iou=0.01", code=1).stderr
    assert said.count("not written: expected text IoU 0.00 is below --require iou=0.01") == 6
    report = align(corpus.root, require=("iou=0.99", "placed=0"))
    assert len(report.failures) == 6
    assert "expected text IoU" in report.failures[0].reason


def test_a_decoder_that_was_never_compared_is_unknown_and_filtered_alike(chained, tmp_path):
    corpus = copy_of(chained, tmp_path / "chained")
    (corpus.run("r") / "calibration.json").unlink()
    result = call("align", corpus.root, "--run", "r")
    assert "expected text IoU unknown · expected accuracy unknown · unknown 6" in result.stdout
    assert "v0: unknown: the run is not calibrated (mmtool calibrate --run r)" in result.stderr
    assert read(corpus, run="r").quality.verdict is Verdict.UNKNOWN
    call("align", corpus.root, "--run", "r", "--min-confidence", 1)
    assert read(corpus, run="r").matches == ()
    result = call("align", corpus.root, "--run", "r", "--require", "iou=0", code=1)
    assert result.stderr.count("expected text IoU is unknown, so --require iou=0 is not met") == 6
    assert files(corpus, "r") == []


def test_run_fails_where_the_film_is_not_as_good_as_required(tmp_path):
    draw_film(tmp_path / "film.mp4", shots=3, frames=36)
    (tmp_path / "film.txt").write_text("The captain finds a secret room behind the wall.\n" * 3)
    command = ["run", tmp_path / "film.mp4", tmp_path / "film.txt", "-o", tmp_path / "out"]
    assert "expected accuracy" in call(*command, "--min-confidence", 0.99).stdout
    result = call(*command, "--require", "accuracy=1", code=1)
    complaint(result, "film.json: not written")
    assert "captain" not in result.stdout
    assert not (tmp_path / "out" / "alignments" / TIMING / "film.json").exists()
    assert "1 done" in call(*command).stdout


# --- the picture -----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["png", "svg"])
def test_reliability_is_drawn_from_the_evaluation(corpus, format):
    command = ["plot", corpus.root, "--what", "reliability", "--run", TIMING, "--format", format]
    complaint(call(*command, code=2), "metrics.json: no such evaluation")
    call("align", corpus.root)
    call("evaluate", corpus.root)
    assert "1 done · pictures 1" in call(*command).stdout
    drawn = corpus.plots() / f"reliability.{format}"
    assert [drawn] == list(corpus.plots().iterdir())
    if format == "svg":
        error = json.loads(corpus.metrics(TIMING).read_text())["calibration"]["clips"]["error"]
        assert f"semi-markov: calibration error {100 * error:.1f} %" in drawn.read_text()
    assert "1 done, 1 failed" in call(*command, "--run", "other", code=1).stdout
    corpus.metrics(TIMING).write_text('{"measures": {}}')
    complaint(call(*command, code=2), "does not contain a reliability curve")
