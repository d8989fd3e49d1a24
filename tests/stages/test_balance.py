"""Balanced splits of a corpus: labels from a table or from annotations, what is left out, what is refused."""

import json

import pytest

import mmtool
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.records import Snippet
from support.commands import call, complaint
from support.corpora import make_corpus

GENRES = ["drama", "drama; crime", "crime", "drama|war", "drama", "drama", "", "drama"]


@pytest.fixture
def corpus(tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    lines = ["id,title,genre"]
    for number, genre in enumerate(GENRES):
        write_snippets(corpus.snippets(f"v{number}"), [Snippet("text")])
        lines.append(f"v{number},Film {number},{genre}")
    (corpus.root / "videos.csv").write_text("\n".join(lines), encoding="utf-8")
    return corpus


def written(corpus, split="train"):
    return (corpus.root / "splits" / f"{split}.txt").read_text(encoding="utf-8").split()


def test_a_split_of_balanced_labels(corpus):
    report = mmtool.balance(corpus.root, by="genre", minimum=2)
    assert (report.target, report.source) == (2, 8)
    assert [(label.label, label.source) for label in report.labels] == [("drama", 6), ("crime", 2)]
    assert written(corpus) == report.done
    assert {"v1", "v2"} & set(report.done)
    assert report.labels[1].sample <= 2
    assert "left out the label 'war', with fewer than 2 videos" in report.notes
    assert "1 video without a label was left out" in report.notes[1]


def test_the_seed_decides_and_nothing_else(corpus):
    samples = [
        mmtool.balance(corpus.root, by="genre", target=1, seed=seed, force=True).done for seed in (1, 1, 2, 3)
    ]
    assert samples[0] == samples[1]
    assert len({tuple(sample) for sample in samples}) > 1


def test_splits_that_exist_are_kept_apart(corpus):
    call("balance", corpus.root, "--by", "genre", "--split", "test", "--target", 1)
    test = written(corpus, "test")
    call("balance", corpus.root, "--by", "genre", "--target", 100)
    assert not set(test) & set(written(corpus))
    again = mmtool.balance(corpus.root, by="genre", target=100)  # as after a call that was killed at its end
    assert (again.done, again.unchanged, again.written) == ([], written(corpus), [])
    line = complaint(call("balance", corpus.root, "--by", "genre", "--target", 1, code=2), "train.txt")
    assert "--force" in line
    report = mmtool.balance(corpus.root, by="genre", within="test", split="val")
    assert set(report.done) <= set(test)


def test_annotations_are_labels(tmp_path):
    corpus = make_corpus(tmp_path)
    result = call("balance", corpus.root, "--by", "annotations", "--force", "--json", "--rule", "literal")
    found = json.loads(result.stdout)
    assert found["done"] == ["v0", "v1", "v2"]  # all have the same three texts
    assert [label["source"] for label in found["labels"]] == [3, 3, 3]


def test_a_separator_of_ones_own(corpus):
    report = mmtool.balance(corpus.root, by="genre", separator=" ")
    assert {label.label for label in report.labels} >= {"drama;", "drama|war"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--by", "mood"], "--by is mood, which is not a column of"),
        (["--by", "annotations"], "none of the 8 videos has a label"),
        (["--by", "genre", "--minimum", 9], "but the most frequent label, 'drama', has 6 videos"),
        (["--by", "genre", "--target", 0], "--target"),
        (["--by", " "], "--by must be the name of a column"),
        (["--by", "genre", "--within", "val"], "val.txt"),
    ],
)
def test_impossible_calls_say_why(corpus, options, problem):
    result = call("balance", corpus.root, *options, code=2)
    assert problem in result.stderr
    assert not (corpus.root / "splits").exists()
