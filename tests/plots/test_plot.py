"""``mmtool plot``: the pictures, Table 3, and what happens where there is nothing to draw."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from typer.testing import CliRunner

from mmtool.choices import PictureFormat, Plot
from mmtool.cli.main import app
from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import write_history
from mmtool.plots.curves import PALETTE, draw_drift, draw_ratios, draw_training, write_plot
from mmtool.plots.history import RunHistory, ratio_row
from mmtool.stages.plot import plot
from support.commands import call, complaint
from support.corpora import copy_of
from support.pictures import names, svg_texts

CURVES = ["--what", "training"]  # the picture that is drawn fastest
ALL_PICTURES = {"training.png", "ratios.png", "drift.png", "ratios.csv"}


def epoch(number, *, scale=1.0):
    """Epoch k has the ratio k in the Video Stack and 2k in the Text Stack, dimension d the variance k·d."""
    dimensions = [float(d) for d in range(50)]
    return {
        "epoch": number,
        "loss": scale / number,
        "video_accuracy": 0.5 if number % 2 else None,
        "text_iou": 0.25 if number % 2 else None,
        "train_video_accuracy": None,
        "train_text_iou": None,
        "diagnostics": {
            "ratios": {
                "video_stack": scale * number,
                "text_stack": 2 * scale * number,
                "action_and_matched_stacks": 1000.0 * scale,
                "classifier": None if number == 25 else 10.0 * scale,
            },
            "means": {"video_stack": dimensions, "text_stack": dimensions},
            "variances": {
                "video_stack": [number * d for d in dimensions],
                "text_stack": [number * d for d in dimensions],
            },
        },
    }


def epochs(count=25, **options):
    return [epoch(number, **options) for number in range(1, count + 1)]


def history(run="first", **options):
    return RunHistory.of(run, epochs(**options))


@pytest.fixture
def corpus(tmp_path):
    """Runs named first and second of 25 epochs, the second with ten times the ratios."""
    made = Corpus(tmp_path)
    write_history(made.history("first"), epochs())
    write_history(made.history("second"), epochs(scale=10.0))
    return made


def test_pictures_of_several_runs_are_written_in_one_file_a_kind(corpus):
    result = call("plot", corpus.root, "--run", "first", "--run", "second")
    assert "2 done · pictures 3" in result.stdout
    assert names(corpus.plots()) == ALL_PICTURES
    for name in ALL_PICTURES - {"ratios.csv"}:
        assert (corpus.plots() / name).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_svg_pictures_name_the_runs_and_what_is_seen(corpus, tmp_path):
    folder = tmp_path / "elsewhere"
    call("plot", corpus.root, "--run", "first", "--run", "second", "-o", folder, "--format", "svg")
    assert names(folder) == {"training.svg", "ratios.svg", "drift.svg", "ratios.csv"}
    assert not corpus.plots().exists()
    seen = {
        "training": {"Training loss", "Video accuracy, %", "Text IoU, %", "validation videos"},
        "ratios": {"Video Stack", "Text Stack", "Action + Matched Stacks", "Classifier (two FC layers)"},
        "drift": {"Video Stack: means", "Text Stack: means", "Video Stack: variances"},
    }
    for kind, words in seen.items():
        assert words | {"first", "second", "epoch"} <= svg_texts(folder / f"{kind}.svg")


@pytest.mark.parametrize("kind", ["training", "ratios", "drift"])
def test_one_kind_alone(corpus, kind):
    """Even of a single epoch."""
    write_history(corpus.history("first"), epochs(1))
    plots = plot(corpus.root, runs=("first",), what=kind)
    assert len(plots.pictures) == 1
    assert {corpus.plots() / name for name in names(corpus.plots())} == {*map(Path, plots.written)}
    assert names(corpus.plots()) == {f"{kind}.png"} | ({"ratios.csv"} if kind == "ratios" else set())


def test_table_3_averages_the_last_twenty_epochs(corpus):
    """Epochs 6..25 have the mean 15.5; the classifier has 19 ratios, all 10."""
    result = call("plot", corpus.root, "--run", "first", "--run", "second", "--what", "ratios")
    assert (corpus.plots() / "ratios.csv").read_text().splitlines() == [
        "run,epochs,video_stack,text_stack,action_and_matched_stacks,classifier,text_stack/video_stack",
        "first,20,15.5,31,1000,10,2",
        "second,20,155,310,10000,100,2",
    ]
    [first] = [line for line in result.stdout.splitlines() if "first" in line]
    assert first.replace("│", " ").split() == ["first", "15.5", "31.0", "1,000.0", "10.0", "2.0", "20"]
    result = call("plot", corpus.root, "--run", "second", "--what", "ratios", "--json")
    rows = json.loads(result.stdout)["ratios"]
    assert rows[0]["ratios"]["video_stack"] == 155
    assert rows[0]["text_to_video"] == 2


def test_a_short_run_averages_the_epochs_it_has():
    row = ratio_row(history(count=3))
    assert (row.epochs, row.ratios["video_stack"]) == (3, 2.0)
    row = ratio_row(RunHistory.of("r", [epoch(25)]))
    assert row.ratios["classifier"] is None


def test_training_curves_show_the_numbers_of_each_run():
    """Validation in odd epochs only, joined by a line; percent."""
    figure = draw_training([history(count=5), history("second", count=3, scale=10.0)])
    loss, accuracy, iou = figure.axes
    first, second = loss.lines
    np.testing.assert_allclose(first.get_ydata(), [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5])
    np.testing.assert_allclose(second.get_xdata(), [1, 2, 3])
    assert [to_hex(line.get_color()) for line in loss.lines] == [colour.lower() for colour in PALETTE[:2]]
    assert accuracy.lines[0].get_xdata().tolist() == [1, 3, 5]
    assert accuracy.lines[0].get_ydata().tolist() == [50, 50, 50]
    assert iou.lines[1].get_ydata().tolist() == [25, 25]
    assert len(accuracy.lines) == 2  # nobody measured the training videos


def test_training_videos_are_dashed_and_labelled_at_their_end():
    measured = [epoch(1) | {"train_video_accuracy": 0.9, "train_text_iou": 0.8}, epoch(3)]
    figure = draw_training([RunHistory.of("r", measured)])
    validation, training = figure.axes[1].lines
    assert (validation.get_linestyle(), training.get_linestyle()) == ("-", "--")
    assert training.get_ydata().tolist() == [90]
    assert [text.get_text() for text in figure.axes[1].texts] == ["validation", "training"]


def test_ratios_share_a_logarithmic_scale_with_means_beside_the_lines():
    figure = draw_ratios([history(), history("second", scale=10.0)])
    assert [axes.get_yscale() for axes in figure.axes] == ["log"] * 4
    assert len({axes.get_ylim() for axes in figure.axes}) == 1
    assert figure.axes[0].lines[1].get_ydata().tolist() == [10 * number for number in range(1, 26)]
    assert [text.get_text() for text in figure.axes[0].texts] == ["15.5", "155"]
    assert figure.axes[3].lines[0].get_xdata()[-1] == 24  # the 25th has no ratio


def test_labels_of_equal_ends_do_not_overlap():
    figure = draw_ratios([history(), history("second"), history("third")])
    heights = sorted(text.get_position()[1] for text in figure.axes[0].texts)
    assert min(np.diff(heights)) >= 11  # points, the size of the letters


def test_drift_of_one_run_is_a_line_for_each_dimension():
    figure = draw_drift([history(count=4)])
    means, _, variances, _ = figure.axes
    assert len(means.lines) == 50
    assert means.lines[7].get_ydata().tolist() == [7, 7, 7, 7]
    assert variances.lines[7].get_ydata().tolist() == [7, 14, 21, 28]


def test_drift_of_several_runs_is_a_median_in_a_band():
    figure = draw_drift([history(count=4), history("second", count=2)])
    variances = figure.axes[2]
    assert [line.get_ydata().tolist() for line in variances.lines] == [[24.5, 49, 73.5, 98], [24.5, 49]]
    [band, _] = variances.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(4 * 0.9 * 49)
    assert corners[:, 1].min() == pytest.approx(0.1 * 49)


@pytest.mark.parametrize("kind", [Plot.TRAINING, Plot.DRIFT])
def test_the_same_picture_twice_is_the_same_file_twice(tmp_path, kind):
    for number in (1, 2):
        write_plot(tmp_path / f"{number}.svg", kind, [history(count=2)], PictureFormat.SVG)
    assert (tmp_path / "1.svg").read_bytes() == (tmp_path / "2.svg").read_bytes()


@pytest.mark.filterwarnings("error")
def test_runs_may_be_many_and_called_anything(tmp_path):
    """Mathematics, a leading underscore, letters that the font lacks; more than there are colours."""
    runs = ["$x^2$", "_hidden", "电影", "a&b <c>", *(f"rp-lars-sbn-seed-{seed}" for seed in range(8))]
    write_plot(tmp_path / "x.svg", Plot.TRAINING, [history(run, count=2) for run in runs], PictureFormat.SVG)
    assert set(runs) <= svg_texts(tmp_path / "x.svg")


def test_what_training_wrote_is_drawn(chained, tmp_path):
    corpus = copy_of(chained, tmp_path / "corpus")
    result = call("plot", corpus.root, "--run", "r")
    assert result.stderr == ""
    assert names(corpus.plots()) == ALL_PICTURES
    [row] = (corpus.plots() / "ratios.csv").read_text().splitlines()[1:]
    assert row.split(",")[:2] == ["r", "2"]
    assert all(float(cell) > 0 for cell in row.split(",")[2:])


def test_the_only_run_is_taken(corpus):
    complaint(call("plot", corpus.root, *CURVES, code=2), "--run is needed: there are runs first, second")
    shutil.rmtree(corpus.run("second"))
    report = plot(corpus.root, what="training")
    assert report.done == ["first"]
    assert report.pictures == [corpus.plots() / "training.png"]


# Bad input


def test_an_unknown_run_names_the_known_ones(corpus):
    line = complaint(call("plot", corpus.root, "--run", "third", code=2), "runs/third")
    assert "no such run; choose one of first, second" in line
    assert not corpus.plots().exists()
    assert "mmtool train" in complaint(call("plot", corpus.root / "runs", "--run", "third", code=2), "third")


def test_the_other_runs_are_drawn_without_the_unknown_one(corpus):
    result = call("plot", corpus.root, "--run", "third", "--run", "first", *CURVES, code=1)
    assert "no such run" in complaint(result, "runs/third")
    assert "1 done, 1 failed" in result.stdout
    assert names(corpus.plots()) == {"training.png"}


@pytest.mark.parametrize("content", [None, ""], ids=["missing", "empty"])
def test_a_run_without_epochs(corpus, content):
    if content is None:
        corpus.history("first").unlink()
    else:
        corpus.history("first").write_text(content)
    line = complaint(call("plot", corpus.root, "--run", "first", code=2), "metrics.jsonl")
    assert "has no epochs yet" in line


def test_a_history_cut_short_is_drawn_up_to_there(corpus):
    whole = corpus.history("first").read_bytes()
    corpus.history("first").write_bytes(whole[:-9])
    result = call("plot", corpus.root, "--run", "first", *CURVES)
    [note] = result.stderr.splitlines()
    assert note.startswith("note")
    assert "metrics.jsonl: line 25 is damaged; plotted up to epoch 24" in note
    assert names(corpus.plots()) == {"training.png"}
    corpus.history("first").write_bytes(whole[:9])
    line = complaint(call("plot", corpus.root, "--run", "first", code=2), "metrics.jsonl")
    assert "line 1, the first, is damaged" in line


def test_a_run_from_before_the_diagnostics_has_its_curves_drawn(corpus):
    write_history(corpus.history("first"), [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.4}])
    result = call("plot", corpus.root, "--run", "first")
    assert names(corpus.plots()) == {"training.png"}
    assert ["records nothing for --what ratios" in line for line in result.stderr.splitlines()] == [
        True,
        False,
    ]
    line = complaint(call("plot", corpus.root, "--run", "first", "--what", "drift", code=2), "metrics.jsonl")
    assert "records nothing for --what drift" in line
    call("plot", corpus.root, "--run", "first", "--run", "second", "--what", "ratios")
    assert (corpus.plots() / "ratios.csv").read_text().splitlines()[1].startswith("second")


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": 1},
        {"diagnostics": [1]},
        {"diagnostics": {"ratios": 3}},
        {"diagnostics": {"means": {"video_stack": [1.0]}}},
        {"diagnostics": {"means": {"video_stack": 1.0}}},
    ],
)
def test_a_foreign_history_is_refused(corpus, change):
    write_history(corpus.history("first"), [epoch(1), epoch(2) | change])
    line = complaint(call("plot", corpus.root, "--run", "first", code=2), "metrics.jsonl")
    assert "is not a training history" in line


@pytest.mark.slow
def test_a_line_without_a_loss_is_said(corpus):
    write_history(corpus.history("first"), [epoch(1), epoch(2) | {"loss": "much"}])
    result = call("plot", corpus.root, "--run", "first")
    assert "metrics.jsonl: line 2 is damaged; plotted up to epoch 1" in result.stderr.replace("\n", " ")


def test_an_output_folder_that_is_a_file(corpus, tmp_path):
    (tmp_path / "taken").write_text("")
    result = call("plot", corpus.root, "--run", "first", "-o", tmp_path / "taken", code=2)
    assert "could not be written" in complaint(result, "taken")


def test_no_run_and_no_corpus(corpus):
    assert CliRunner().invoke(app, ["plot", str(corpus.root)]).exit_code == 2
    assert "no such folder" in complaint(call("plot", corpus.root / "x", "--run", "first", code=2), "x")
