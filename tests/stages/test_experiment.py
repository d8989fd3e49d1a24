"""Plans of experiments: the paper's tables, rows × seeds, resuming, and what cannot be done."""

import csv
import json
import re
import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from mmtool.choices import TimingPrior
from mmtool.errors import InputError
from mmtool.evaluation.seeds import mean_and_deviation
from mmtool.formats.corpus import Corpus
from mmtool.formats.metrics import read_history
from mmtool.formats.plans import find_plan, read_plan, shipped_plans
from mmtool.formats.runs import read_run
from mmtool.settings.experiment import ExperimentSettings
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.experiment import experiment
from mmtool.stages.retrieve import retrieve
from mmtool.training.presets import preset_settings
from support.commands import EXTRACT, call, complaint
from support.corpora import make_corpus
from support.region_features import write_regions
from support.several_sources import write_clip_features

PUBLISHED = {  # label, preset, video accuracy and text IoU in %, parameters in millions
    "table-1": [
        ("NeuMATCH with pretraining", "", 12.0, 10.4, None),
        ("our pretraining", "finetune", 26.8, 10.3, None),
        ("no pretraining", "no-pretraining", 24.2, 6.8, None),
        ("no pretraining + early stopping", "no-pretraining-early-stopping", 24.9, 8.0, None),
        ("no pretraining + LXMERT features", "lxmert", 28.5, 10.8, None),
        ("no pretraining + RP+LARS+SBN", "rp-lars-sbn", 30.6, 12.8, None),
    ],
    "table-2": [
        ("Adam", "rp-adam-sbn", 21.7, 8.0, None),
        ("Adam + warm-up", "rp-adam-warmup-sbn", 24.7, 9.3, None),
        ("LARS", "rp-lars-sbn", 30.6, 12.8, None),
    ],
    "table-4": [
        ("SBN, Adam", "rp-adam-sbn", 21.7, 8.0, None),
        ("2×LN, Adam", "rp-adam-2ln", 23.3, 8.2, None),
        ("4×LN, Adam", "rp-adam-4ln", 23.6, 7.5, None),
        ("SBN, LARS", "rp-lars-sbn", 30.6, 12.8, None),
        ("2×LN, LARS", "rp-lars-2ln", 25.3, 8.8, None),
        ("4×LN, LARS", "rp-lars-4ln", 25.9, 8.7, None),
    ],
    "table-5": [
        ("Full + SBN", "full-lars-sbn", 27.6, 9.9, 4.25),
        ("RP + SBN", "rp-lars-sbn", 30.6, 12.8, 3.41),
        ("Full + 2×LN", "full-lars-2ln", 25.4, 8.3, 4.26),
        ("RP + 2×LN", "rp-lars-2ln", 25.3, 8.8, 3.42),
        ("Full + 4×LN", "full-lars-4ln", 26.9, 9.9, 4.26),
        ("RP + 4×LN", "rp-lars-4ln", 25.9, 8.7, 3.42),
    ],
}
ONE = ["--threads", 1]
SMALL = ["--epochs", 1, "--seeds", "0,1", "--threads", 1, "--json"]
PLAN = """
title = "Two rows"
seeds = [0, 1]
[[rows]]
label = "first"
preset = "rp-lars-sbn"
settings = { epochs = 2, batch_size = 4 }
published = { video_accuracy = 30.6, text_iou = 12.8 }
[[rows]]
label = "second"
preset = "no-pretraining"
settings = { epochs = 1 }
"""


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    call("extract", corpus.root, *EXTRACT)
    return corpus


@pytest.fixture
def corpus(extracted, tmp_path):
    shutil.copytree(extracted.root, tmp_path / "corpus")
    return Corpus(tmp_path / "corpus")


@pytest.fixture(scope="module")
def finished(extracted, tmp_path_factory):
    """The corpus after the plan was called for one seed, then for both; and what the calls printed."""
    folder = tmp_path_factory.mktemp("finished")
    corpus = Corpus(folder / "corpus")
    shutil.copytree(extracted.root, corpus.root)
    calls = [["--seeds", "1"], []]
    printed = [call("experiment", corpus.root, write_plan(folder), *ONE, "--json", *more) for more in calls]
    return corpus, *(json.loads(result.stdout) for result in printed)


@pytest.fixture
def finished_copy(finished, tmp_path):
    shutil.copytree(finished[0].root, tmp_path / "corpus")
    return Corpus(tmp_path / "corpus")


@pytest.fixture(scope="module")
def first_table(extracted, tmp_path_factory):
    """A corpus on which Table 1 was called, without a run to start from; and what was printed."""
    corpus = Corpus(tmp_path_factory.mktemp("table") / "corpus")
    shutil.copytree(extracted.root, corpus.root)
    return corpus, call("experiment", corpus.root, "table-1", *SMALL, code=1)


def write_plan(folder: Path, text: str = PLAN) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_tables_are_the_papers():
    shipped = {}
    for name in shipped_plans():
        if not name.startswith("table-"):
            continue
        plan = read_plan(find_plan(name))
        assert plan.split == "test"
        shipped[name] = [
            (
                row.label,
                row.preset,
                round(100 * row.published.video_accuracy, 9),
                round(100 * row.published.text_iou, 9),
                row.published.parameters and row.published.parameters / 1e6,
            )
            for row in plan.rows
        ]
        for row in plan.rows:
            if row.preset:
                preset_settings(row.preset, row.settings)
    assert shipped == PUBLISHED


def test_the_plan_with_time_varies_nothing_but_time():
    rows = [row for row in read_plan(find_plan("network-with-time")).rows if row.preset]
    chosen = [preset_settings(row.preset, row.settings) for row in rows]
    varied = [(settings.time_features, str(settings.timing_prior)) for settings in chosen]
    assert varied == [(False, "none"), (True, "none"), (False, "input"), (False, "decoding"), (True, "both")]
    plain = [replace(s, time_features=False, timing_prior=TimingPrior.NONE) for s in chosen]
    assert set(plain) == {chosen[0]}


def test_the_plan_of_pacing_varies_optimiser_normalisation_and_blend():
    """In every combination; the learning rate belongs to the first two."""
    plan = read_plan(find_plan("pacing"))
    chosen = [preset_settings(row.preset, row.settings) for row in plan.rows]
    varied = [(str(s.optimizer), str(s.normalisation), s.blend) for s in chosen]
    every = product(("adam", "lars"), ("none", "sbn", "2ln"), ("none", "offline", "online"))
    assert varied == list(every)
    assert [row.name for row in plan.rows] == ["-".join(one) for one in varied]
    base = TrainSettings()
    same = {"optimizer": base.optimizer, "normalisation": base.normalisation, "learning_rate": 1.0}
    assert len({replace(settings, blend="none", **same) for settings in chosen}) == 1
    rates = {(s.optimizer, s.normalisation): s.learning_rate for s in chosen}
    assert all(s.learning_rate == rates[s.optimizer, s.normalisation] for s in chosen)


def test_the_plan_of_modalities_has_the_baselines_of_the_supplement():
    plan = read_plan(find_plan("modalities"))
    chosen = {row.name: preset_settings(row.preset, row.settings) for row in plan.rows if row.preset}
    assert {name: s.epoch_share for name, s in chosen.items() if s.epoch_share < 1} == {
        "quarter": 0.25,
        "half": 0.5,
        "three-quarters": 0.75,
    }
    assert [chosen[name].blend for name in ("naive", "offline", "online")] == ["none", "offline", "online"]
    assert f"{chosen['pictures'].video},{chosen['motion'].video}" == chosen["naive"].modalities
    assert plan.rows[-1].oracle_of == ("pictures", "motion", "naive")


def test_mean_and_deviation_by_hand():
    """1, 3 and 5: mean 3, squares 4 + 0 + 4 over n − 1 = 2."""
    assert mean_and_deviation([1, 3, 5]) == (3, 2)
    mean, deviation = mean_and_deviation([7])
    assert mean == 7
    assert deviation != deviation  # nan
    assert all(value != value for value in mean_and_deviation([]))


def ogr_of(corpus, *runs):
    """The mean over the runs of OGR at the epoch with the best validation score, by its definition."""
    ratios = []
    for run in runs:
        epochs = read_history(corpus.history(run))
        best = max(epochs, key=lambda epoch: epoch["video_accuracy"] + epoch["text_iou"])
        before, after = epochs[0]["initial_losses"]["joint"], best["losses"]["joint"]
        gap = after["validation"] - after["train"] - before["validation"] + before["train"]
        ratios.append(abs(gap / (before["validation"] - after["validation"])))
    return f"{sum(ratios) / len(ratios):.2f}"


def test_a_plan_ends_in_a_table_beside_the_published_figures(finished_copy, tmp_path):
    corpus, path = finished_copy, write_plan(tmp_path)
    printed = call("experiment", corpus.root, path, *ONE).stdout
    results = json.loads((corpus.experiment("mine") / "results.json").read_text())
    first, second = results["rows"]
    unpublished = {"clip_recall": None, "text_recall": None, "parameters": None}
    assert first["published"] == {"video_accuracy": 0.306, "text_iou": 0.128, **unpublished}
    assert first["clip_recall"] == {"mean": None, "sd": None}  # which this plan does not measure
    assert [seed["run"] for seed in first["seeds"]] == ["mine.rp-lars-sbn.0", "mine.rp-lars-sbn.1"]
    assert [seed["epochs"] for seed in first["seeds"] + second["seeds"]] == [2, 2, 1, 1]
    cells = {}
    for row in (first, second):
        for measure in ("video_accuracy", "text_iou"):
            values = []
            for seed in row["seeds"]:
                measured = json.loads(corpus.metrics(seed["run"]).read_text())["measures"][seed["run"]]
                values.append(measured[measure]["value"])
            mean = sum(values) / 2
            deviation = abs(values[0] - values[1]) / 2**0.5  # of two values, n − 1 = 1
            assert row[measure] == {"mean": pytest.approx(mean), "sd": pytest.approx(deviation)}
            cells[row["label"], measure] = f"{100 * mean:.1f} ± {100 * deviation:.1f}"
    (line,) = [line for line in printed.splitlines() if line.split()[:1] == ["first"]]
    assert re.split(r"\s{2,}", line.strip()) == [
        "first",
        "2",
        "2",
        cells["first", "video_accuracy"],
        "30.6",
        cells["first", "text_iou"],
        "12.8",
        ogr_of(corpus, *(seed["run"] for seed in first["seeds"])),
    ]
    rows = list(csv.DictReader((corpus.experiment("mine") / "results.csv").open(encoding="utf-8")))
    assert [row["row"] for row in rows] == ["first", "second"]
    assert float(rows[0]["text_iou_sd"]) == first["text_iou"]["sd"]
    assert (rows[0]["video_accuracy_published"], rows[1]["video_accuracy_published"]) == ("0.306", "")
    assert rows[0]["ogr"].startswith("joint=")
    assert f"{float(rows[0]['ogr'].removeprefix('joint=')):.2f}" == re.split(r"\s{2,}", line.strip())[-1]
    assert "experiment" in call("info", corpus.experiment("mine") / "results.json").stdout


ORACLE = """
[[rows]]
label = "genre"
oracle_of = ["rp-lars-sbn", "no-pretraining"]
by = "genre"
[[rows]]
label = "video"
oracle_of = ["rp-lars-sbn", "no-pretraining"]
"""


def test_an_oracle_takes_the_best_row_for_each_class(finished_copy, tmp_path):
    """Both test videos are of one genre, so it is one of the rows; for each video, it is never worse."""
    corpus = finished_copy
    genres = "".join(f"{id},,drama\n" for id in corpus.clip_ids())
    (corpus.root / "videos.csv").write_text(f"id,title,genre\n{genres}")
    path = write_plan(tmp_path, PLAN.replace("[0, 1]", "[0]") + ORACLE)
    found = json.loads(call("experiment", corpus.root, path, *ONE, "--json").stdout)["rows"]
    both = [(row["video_accuracy"]["mean"], row["text_iou"]["mean"]) for row in found]
    assert both[2] == pytest.approx(max(both[:2], key=sum))
    assert sum(both[3]) >= sum(both[2]) - 1e-9
    assert found[2]["seeds"][0]["run"] == ""
    printed = call("experiment", corpus.root, path, *ONE).stdout
    (line,) = [line for line in printed.splitlines() if line.split()[:1] == ["genre"]]
    assert re.split(r"\s{2,}", line.strip())[1:3] == ["1", "–"]
    wrong = write_plan(tmp_path, path.read_text().replace('by = "genre"', 'by = "maker"'))
    result = call("experiment", corpus.root, wrong, *ONE, code=1)
    assert "videos.csv has no column 'maker'" in complaint(result, "genre")


def test_an_experiment_goes_on_and_does_nothing_twice(finished, tmp_path):
    corpus, first, whole = finished
    path = write_plan(tmp_path)
    assert first["done"] == ["mine.rp-lars-sbn.1", "mine.no-pretraining.1"]
    assert whole["done"] == ["mine.rp-lars-sbn.0", "mine.no-pretraining.0"]
    assert whole["unchanged"] == first["done"]
    made = [*(corpus.root / "runs").rglob("*.pt"), *(corpus.root / "alignments").rglob("v*.json")]
    stamps = {p: p.stat().st_mtime_ns for p in made}
    again = json.loads(call("experiment", corpus.root, path, *ONE, "--json").stdout)
    assert again["done"] == []
    assert again["rows"] == whole["rows"]
    assert {p: p.stat().st_mtime_ns for p in made} == stamps
    assert len(stamps) == 4 * 2 + 4 * 2  # best and last, and two test videos, of four runs


def test_an_interrupted_experiment_loses_at_most_an_epoch(corpus, tmp_path):
    settings = ExperimentSettings(plan=str(write_plan(tmp_path)), seeds=(0,), threads=1)
    heard = []

    def interrupt_once(job, record):
        heard.append((job.number, job.run, record.epoch))
        if len(heard) == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        experiment(corpus.root, settings, on_epoch=interrupt_once)
    experiment(corpus.root, settings, on_epoch=interrupt_once)
    first, second = "mine.rp-lars-sbn.0", "mine.no-pretraining.0"
    assert heard == [(1, first, 1), (1, first, 2), (2, second, 1)]


def test_rows_that_cannot_be_done_are_left_out_with_the_reason(first_table):
    content = json.loads(first_table[1].stdout)
    reasons = {row["label"]: row["left_out"] for row in content["rows"] if row["left_out"]}
    assert [len(lines) for lines in reasons.values()] == [1, 1]  # once, not for each seed
    assert "`init_from`" in reasons["our pretraining"][0]
    assert "lxmert-video.h5" in reasons["no pretraining + LXMERT features"][0]
    assert [len(row["seeds"]) for row in content["rows"]] == [0, 0, 2, 2, 0, 2]
    assert [failure["id"] for failure in content["failures"]] == ["finetune", "lxmert"]


def test_pretraining_fills_its_row_and_tables_share_runs(first_table):
    corpus, _ = first_table
    call("train", corpus.root, "--run", "pre", "--preset", "pretrain", "--epochs", 1, "--threads", 1)
    one = ["--epochs", 1, "--seeds", "0", "--threads", 1, "--json"]
    table = json.loads(call("experiment", corpus.root, "table-1", "--init-from", "pre", *one, code=1).stdout)
    assert table["done"] == ["paper.finetune.0"]
    assert read_run(corpus.run("paper.finetune.0") / "config.json").settings["init_from"] == "pre"
    assert not read_run(corpus.run("paper.no-pretraining.0") / "config.json").start
    table = json.loads(call("experiment", corpus.root, "table-2", *one).stdout)
    assert table["unchanged"] == ["paper.rp-lars-sbn.0"]


def test_a_run_made_with_other_settings_is_named_and_the_others_done(finished_copy, tmp_path):
    corpus = finished_copy
    changed = write_plan(tmp_path, PLAN.replace("batch_size = 4", "batch_size = 2"))
    result = call("experiment", corpus.root, changed, *ONE, "--seeds", "0", code=1)
    assert "batch_size 4, not 2" in complaint(result, "mine.rp-lars-sbn.0")
    assert "1 unchanged, 1 failed" in result.stdout


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("title = ", "is not valid TOML"),
        ("title = 3" + PLAN.replace("title", "#"), "title 3, which should be of type str"),
        (PLAN.replace("[0, 1]", "[0, 0]"), "different whole numbers"),
        (PLAN.replace("[0, 1]", "[-1]"), "different whole numbers"),
        (PLAN.replace("seeds", "sedes"), "'sedes', which is not part of a plan"),
        (PLAN.replace("label = ", "lable = ", 1), "row 1 has no label"),
        (PLAN.replace("published", "publishd"), "row 1 (first) has 'publishd'"),
        (PLAN.replace("video_accuracy = 30.6", "video_accuracy = 'good'"), "published has video_accuracy"),
        (PLAN.replace("rp-lars-sbn", "best"), "'first': preset must be one of rp-lars"),
        (PLAN.replace("batch_size", "batchsize"), "batchsize is not a setting; did you mean batch_size?"),
        (PLAN.replace("batch_size = 4", "seed = 4"), "seed is set by the seeds of the plan"),
        (
            PLAN.replace("batch_size = 4", "batch_size = 'four'"),
            "batch_size must be a whole number, not 'four'",
        ),
        (PLAN.replace("batch_size = 4", "learning_rate = 0"), "learning_rate must be above 0"),
        (PLAN.replace("batch_size = 4", "inputs = 'half'"), "inputs must be one of rp, full, not 'half'"),
        (PLAN.replace("no-pretraining", "rp-lars-sbn"), "two rows named 'rp-lars-sbn'"),
        (PLAN.replace('label = "second"', 'label = "second"\nname = "../x"'), "not '../x'"),
        (PLAN.replace("seeds", 'split = "trian"\nseeds'), "'trian', which must be one of train, val, test"),
        (
            PLAN + ORACLE.replace("no-pretraining", "second"),
            "(genre) of 'second', which",
        ),
        (ORACLE + PLAN.replace("title", "#").replace("seeds", "#"), "which is not a row above it (there is"),
        (PLAN + ORACLE + 'preset = "rp-adam-sbn"', "and therefore neither a preset nor settings"),
        (PLAN + 'by = "genre"', "has by, which has no effect without oracle_of"),
        ("title = 'empty'", "has no [[rows]]"),
        ("measures = ['speed']" + PLAN, "measures 'speed', which must be of alignment, retrieval"),
        (
            "measures = ['retrieval']" + PLAN,
            "must be multiway where retrieval is measured, not rp",
        ),
        (PLAN + "retrieve = { k = 3 }", "retrieve has no effect where the plan does not"),
        ("measures = []" + PLAN, "needs measures"),
    ],
)
def test_wrong_plans(corpus, tmp_path, wrong, problem):
    result = call("experiment", corpus.root, write_plan(tmp_path, wrong), code=2)
    assert problem in complaint(result, "mine.toml")
    assert not (corpus.root / "runs").exists()
    assert not (corpus.root / "experiments").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["table-9"], "choose one of matcher-attention, matcher-masks, matcher-rerank, modalities, network"),
        (["nowhere.toml"], "nowhere.toml: no such file"),
        (["table-1", "--seeds", "a"], "--seeds"),
        (["table-1", "--seeds", "1,1"], "--seeds"),
        (["table-1", "--seeds=-1"], "--seeds"),
        (["table-1", "--epochs", "0"], "--epochs"),
    ],
)
def test_wrong_calls(corpus, arguments, named):
    complaint(call("experiment", corpus.root, *arguments, code=2), named)


def test_a_wrong_row_is_an_error_with_its_file(tmp_path):
    with pytest.raises(InputError, match="row 2 must be a table"):
        read_plan(write_plan(tmp_path, 'rows = [{label = "a"}, 3]'))


@pytest.mark.parametrize("name", ["matcher-attention", "matcher-masks", "matcher-rerank"])
def test_the_shipped_plans_of_the_matcher_have_possible_settings(name):
    plan = read_plan(find_plan(name))
    assert "retrieval" in plan.measures
    assert {row.preset for row in plan.rows} == {"multiway"}
    chosen = {
        (MatcherSettings.chosen(None, row.settings), tuple(sorted(row.retrieve.items()))) for row in plan.rows
    }
    assert len(chosen) == len(plan.rows)
    for row in plan.rows:
        RetrieveSettings.chosen(None, {"run": "m", "split": "test", **row.retrieve})


RERANK = """
measures = ["retrieval"]
[[rows]]
label = "alone"
preset = "multiway"
retrieve = { score = "itc" }
published = { clip_recall = 95.3, text_recall = 84.5 }
[[rows]]
label = "reranked"
preset = "multiway"
retrieve = { k = 3 }
"""


def test_reranking_is_measured_on_and_off_by_one_run(tmp_path):
    """The figures are those of ``retrieve --split``; both rows share the run, which is trained once."""
    corpus = make_corpus(tmp_path / "corpus")
    write_regions(corpus)
    plan = write_plan(tmp_path, RERANK)
    printed = call("experiment", corpus.root, plan, "--epochs", 2, *ONE).stdout
    assert "1 done, 1 unchanged" in printed
    heading = next(line for line in printed.splitlines() if "seeds" in line and "paper" in line)
    assert "R@1 of clips" in heading
    assert "video accuracy" not in heading
    alone, best = json.loads((corpus.experiment("mine") / "results.json").read_text())["rows"]
    measured = retrieve(corpus.root, run="mine.multiway.0", split="test", k=3).measures
    for row, found in ((alone, measured.before), (best, measured.after)):
        assert row["clip_recall"]["mean"] == found.clips.recall[1].value
        assert row["text_recall"]["mean"] == found.texts.recall[1].value
        assert row["video_accuracy"]["mean"] is None
    assert alone["published"]["clip_recall"] == 0.953
    assert not (corpus.root / "alignments").exists()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ('{ score = "best" }', "'alone': score must be one of"),
        ("{ top = 3 }", "'alone': top is not a setting of retrieval here; name score or k"),
        ("{ k = 3 }", "two rows named 'multiway'"),
    ],
)
def test_settings_of_retrieval_that_are_wrong(tmp_path, changed, problem):
    corpus = make_corpus(tmp_path / "corpus", train=1, val=0, test=1)
    plan = write_plan(tmp_path, RERANK.replace('{ score = "itc" }', changed))
    assert problem in complaint(call("experiment", corpus.root, plan, code=2), "mine.toml")


def test_a_matcher_is_measured_by_its_embeddings(tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    write_regions(corpus)
    write_clip_features(corpus, "audio", 4)
    plan = tmp_path / "masks.toml"
    rows = ['[[rows]]\nlabel = "none"\npreset = "multiway"']
    rows += [
        '[[rows]]\nlabel = "random"\npreset = "multiway"\nname = "r"\n'
        'settings = { modalities = "detector,audio", mask_from = "random" }'
    ]
    plan.write_text("seeds = [1]\n" + "\n".join(rows), encoding="utf-8")
    options = ExperimentSettings(plan=str(plan), video="detector", epochs=1, threads=1)
    report = experiment(corpus.root, options)
    assert report.failures == []
    assert report.done == ["masks.multiway.1", "masks.r.1"]
    assert all(0 <= row.video_accuracy.mean <= 1 for row in report.rows)
    assert read_run(corpus.run("masks.r.1") / "config.json").settings["mask_from"] == "random"
    again = experiment(corpus.root, options)
    assert (again.done, again.unchanged) == ([], report.done)
    assert again.rows == report.rows
