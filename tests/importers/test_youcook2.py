"""YouCook2: a small file in the published layout, and a flat one."""

import csv
import json

import pytest

from mmtool.choices import Split
from mmtool.errors import CallError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.records import Annotation
from mmtool.stages.imports import import_corpus


def rows_of(corpus):
    with (corpus.root / "videos.csv").open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def recipe(**values):
    steps = [
        {"id": 0, "segment": [2, 5], "sentence": "chop the garlic"},
        {"id": 1, "segment": [8, 90], "sentence": "bake it"},
    ]
    entry = {"duration": 20.5, "subset": "training", "recipe_type": "113", "annotations": steps}
    return entry | {"video_url": "https://example.org/a"} | values


def test_youcook2_as_published(tmp_path):
    path = tmp_path / "youcookii_annotations_trainval.json"
    database = {"a": recipe(), "b": recipe(subset="validation")}
    path.write_text(json.dumps({"database": database}), encoding="utf-8")
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=path, importer="youcook2")
    assert report.done == ["a", "b"]
    assert report.splits == {Split.TRAIN: 1, Split.VAL: 1}
    assert read_clips(corpus.clips("a"))[-1].end == 20.5
    assert read_annotations(corpus.annotations("a")) == [
        Annotation(2, 5, "chop the garlic"),
        Annotation(8, 20.5, "bake it"),
    ]
    row = rows_of(corpus)["a"]
    assert (row["url"], row["end"], row["cuts"]) == ("https://example.org/a", "published", "random")


def test_youcook2_in_a_flat_file(tmp_path):
    path = tmp_path / "training.json"
    steps = [{"start": 2, "end": 5, "text": "chop"}, {"start": 30, "end": 40, "text": "too late"}]
    path.write_text(json.dumps({"a": {"duration": 20, "steps": steps}}), encoding="utf-8")
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=path, importer="youcook2")
    assert (report.done, report.splits) == (["a"], {})
    assert read_annotations(corpus.annotations("a")) == [Annotation(2, 5, "chop")]
    assert any("1 after the end of the film" in note for note in report.notes)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ([], "is not an object"),
        (recipe(duration=None), "has no usable 'duration'"),
        (recipe(duration=0), "has no usable 'duration'"),
        (recipe(duration="20"), "has no usable 'duration'"),
        (recipe(annotations={}), "has no list of 'annotations'"),
        (recipe(annotations=[]), "has no sentences"),
        (recipe(subset="elsewhere"), "has subset 'elsewhere'"),
        (recipe(subset=["training"]), "has subset ['training']"),
        (recipe(annotations=["bake"]), "has a step 1 that is not an object"),
        (recipe(annotations=[{"segment": 5, "sentence": "bake"}]), "'segment' is not a start and an end"),
        (recipe(annotations=[{"segment": [1, 2]}]), "has a step 1 with a wrong value"),
        (recipe(annotations=[{"segment": [1, None], "sentence": "bake"}]), "has a step 1 with a wrong value"),
        (recipe(annotations=[{"segment": [5, 2], "sentence": "bake"}]), "has no sentence with a usable"),
    ],
)
def test_a_damaged_recipe_fails_beside_the_others(tmp_path, entry, problem):
    path = tmp_path / "trainval.json"
    path.write_text(json.dumps({"database": {"bad": entry, "good": recipe()}}), encoding="utf-8")
    report = import_corpus(tmp_path / "corpus", source=path, importer="youcook2")
    assert report.done == ["good"]
    (failure,) = report.failures
    assert failure.id == "bad"
    assert problem in failure.reason


def test_a_database_that_is_not_an_object_is_refused(tmp_path):
    path = tmp_path / "trainval.json"
    path.write_text(json.dumps({"database": [1]}), encoding="utf-8")
    with pytest.raises(CallError, match="'database' that is not an object"):
        import_corpus(tmp_path / "corpus", source=path, importer="youcook2")
