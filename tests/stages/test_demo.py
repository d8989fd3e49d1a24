"""The demo, small: every stage from pixels to numbers, and again without doing anything twice."""

import json

import pytest

from mmtool.cli.training_display import TrainingDisplay
from mmtool.settings.demo import DemoSettings
from mmtool.stages.demo import demo
from support.commands import call


@pytest.mark.slow
def test_a_small_demo_runs_from_pixels_to_numbers_and_resumes(tmp_path):
    root = tmp_path / "movies"
    settings = DemoSettings(train=2, val=1, test=1, epochs=1, aligner="network")
    stages = []
    result = demo(root, settings, on_stage=lambda command, report: stages.append((command, report)))
    assert result.stages == stages
    assert [report.stage for _, report in stages] == [
        "draw",
        "segment",
        "extract",
        "project",
        "train",
        "align",
        "evaluate",
        "report",
    ]
    assert not any(report.failures for _, report in stages)
    assert result.evaluation.measures["upper bound"].video_accuracy.value == pytest.approx(1.0, abs=1e-6)
    assert all(command.startswith(("mmtool", "#")) for command, _ in stages)

    again = []
    demo(root, settings, on_stage=lambda command, report: again.append(report))
    assert [report.done for report in again[:-2]] == [[]] * 6
    assert "movie-003" in result.page.read_text(encoding="utf-8")
    metrics = json.loads((root / "alignments" / "demo" / "metrics.json").read_text())
    assert metrics["split"] == "test"

    command = stages[1][0].split()[1:]  # the commands that the demo names are the ones to call
    assert "unchanged" in call(*command).stdout


@pytest.mark.slow
def test_a_small_demo_of_the_matcher_runs_and_resumes(tmp_path):
    root = tmp_path / "movies"
    settings = DemoSettings(train=2, val=1, test=1, epochs=1)
    result = demo(root, settings)
    names = ["draw", "segment", "extract", "train", "score", "align", "evaluate", "report"]
    assert [report.stage for _, report in result.stages] == names
    assert not any(report.failures for _, report in result.stages)
    assert result.page.exists()
    again = demo(root, settings)
    assert [report.done for _, report in again.stages[:-2]] == [[]] * 6
    assert "unchanged" in call(*result.stages[4][0].split()[1:]).stdout


def test_the_epochs_are_those_of_what_is_trained():
    assert DemoSettings().training_epochs == 16
    assert DemoSettings(aligner="network").training_epochs == 80
    assert DemoSettings(aligner="network", epochs=3).training_epochs == 3


def test_the_training_display_keeps_the_last_epoch_without_a_terminal():
    from mmtool.training.epochs import NetworkEpoch

    with TrainingDisplay(3, quiet=False) as display:
        display(
            NetworkEpoch(
                epoch=1,
                loss=0.5,
                learning_rate=1e-3,
                seconds=2.0,
                action_accuracy=0.9,
                video_accuracy=0.4,
                text_iou=0.3,
            )
        )
    assert display.last["epoch"] == 1
