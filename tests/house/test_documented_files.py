"""The pages about files name every key, attribute and dataset that the program writes."""

import json
from pathlib import Path

import h5py
import pytest
import torch

from mmtool.choices import Modality
from mmtool.formats.features import FeaturesHeader, write_features
from mmtool.records import EncoderIdentity
from support.commands import EXTRACT, call
from support.corpora import make_corpus
from support.documentation import written_pages

PAGES = written_pages()
PLAN = """
seeds = [0]
runs = "p"
[[rows]]
label = "row"
preset = "rp-lars-sbn"
settings = { epochs = 1 }
published = { video_accuracy = 30.6, text_iou = 12.8 }
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """A small corpus with everything that the pages describe."""
    root = tmp_path_factory.mktemp("documented")
    make_corpus(root)
    (root / "texts").mkdir()
    (root / "texts" / "other.txt").write_text("A line.\n", encoding="utf-8")
    call("segment", root)
    (root / "snippets" / "other.csv").unlink()
    call("extract", root, *EXTRACT)
    call("project", root)
    timed = ["--time-features", "--timing-prior", "both", "--epochs", 1, "--threads", 1]
    call("train", root, "--run", "timed", *timed)
    call("train", root, "--preset", "semi-markov", "--run", "timing")
    call("align", root, "--split", "test")
    call("evaluate", root, "--split", "test")
    call("export", root, "--run", "semi-markov", "--format", "jsonl")
    (root / "plan.toml").write_text(PLAN, encoding="utf-8")
    call("experiment", root, root / "plan.toml", "--threads", 1)
    return root


def load(path: Path) -> dict:
    """The object of a JSON file, or the first of JSON lines."""
    text = path.read_text(encoding="utf-8")
    return json.loads(text.splitlines()[0] if path.suffix == ".jsonl" else text)


def assert_named(page: str, *objects) -> None:
    text = PAGES[f"docs/files/{page}.md"]
    keys = {key for each in objects for key in each}
    assert keys
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_notes_of_provenance(corpus):
    assert_named("corpus", load(corpus / "snippets" / ".made" / "other.csv.json"))


def test_folders(corpus):
    for folder in corpus.iterdir():
        if folder.is_dir():
            assert f"{folder.name}/" in PAGES["docs/files/corpus.md"]


def test_features(corpus):
    page = PAGES["docs/files/features.md"]
    for name in ("timing.h5", "length.h5", "timing.rp.h5"):
        with h5py.File(corpus / "features" / name) as file:
            assert_named("features", file.attrs, file["v0"].attrs, file["v0"])
            assert_named("features", *(json.loads(file.attrs["sources"])))
            if "@transform" in file:
                assert_named("features", file["@transform"])
                assert "`@transform`" in page


def test_runs(corpus):
    run = corpus / "runs" / "timed"
    epoch = load(run / "metrics.jsonl")
    diagnostics = epoch["diagnostics"]
    assert_named("runs", load(run / "config.json"), epoch, diagnostics, *diagnostics.values())
    checkpoint = torch.load(run / "best.pt", weights_only=True)
    assert_named("runs", checkpoint, checkpoint["inputs"]["video"], json.loads(checkpoint["timing"]))
    timing = load(corpus / "runs" / "timing" / "timing.json")
    parameters = timing["parameters"]
    assert_named("runs", timing, parameters, parameters["reading"], parameters["head"])


def test_alignments(corpus):
    alignment = load(corpus / "alignments" / "semi-markov" / "v4.json")
    first = alignment["clips"][0], alignment["snippets"][0]
    assert_named("results", alignment, alignment["quality"], *first)


def test_evaluations(corpus):
    metrics = load(corpus / "alignments" / "semi-markov" / "metrics.json")
    summary, clips = metrics["measures"]["semi-markov"], metrics["calibration"]["clips"]
    assert_named("results", metrics, summary, summary["text_iou"], metrics["calibration"], clips)
    assert_named("results", clips["bins"][0], metrics["verdicts"], metrics["verdicts"]["sound"])
    assert_named("results", metrics["videos"]["v4"])


def test_exports(corpus):
    assert_named("results", load(corpus / "exports" / "semi-markov" / "v4.jsonl"))


def test_experiments(corpus):
    results = load(corpus / "experiments" / "plan" / "results.json")
    row = results["rows"][0]
    assert_named("results", results, row, row["video_accuracy"], row["seeds"][0])


def test_the_attributes_on_the_page_are_those_that_are_written(tmp_path):
    header = FeaturesHeader(Modality.VIDEO, (EncoderIdentity("a", "b", "none", 1),))
    write_features(tmp_path / "a.h5", header, {})
    section = PAGES["docs/files/features.md"].split("## Attributes of the file")[1].split("An *encoder")[0]
    listed = {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")}
    with h5py.File(tmp_path / "a.h5") as file:
        assert listed == set(file.attrs)
