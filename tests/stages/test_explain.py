"""``explain``: pictures of what answers to which word, and what is refused."""

import json

import cv2
import numpy as np
import pytest

from mmtool.choices import Split
from mmtool.formats.splits import write_split
from mmtool.stages.explain import explain
from mmtool.stages.train import train
from support.commands import call
from support.region_features import FRAMES, write_regions
from support.report_pages import data_of
from support.retrieval_corpora import make_searchable
from support.small_rerankers import save_blip, save_blip2, save_vilt


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_searchable(tmp_path_factory.mktemp("c") / "corpus")
    write_regions(corpus)
    write_split(corpus.split(Split.TRAIN), ["one", "two"])
    train(corpus.root, run="m", preset="multiway", epochs=8, batch_size=8, threads=1, device="cpu")
    return corpus


def test_a_pair_is_drawn_and_each_word_has_its_strongest_answer(corpus):
    report = explain(corpus.root, run="m", clip="one:1", snippet=1, device="cpu")
    assert report.picture == corpus.root / "explained" / "m" / "one-1-1.png"
    assert report.notes == []
    assert np.isfinite(report.log_odds)
    assert [word.word for word in report.words] == ["a", "man", "opens", "the", "door", ".", "one"]
    found = [word for word in report.words if word.box is not None]
    assert found
    assert max(word.strength for word in found) == 1
    assert all(1 <= word.frame <= FRAMES for word in found)
    assert all(0 <= word.box[0] <= word.box[2] <= 1.001 for word in found)
    picture = cv2.imread(str(report.picture))
    assert picture.shape[0] > 100
    first = report.picture.read_bytes()
    explain(corpus.root, run="m", clip="one:1", snippet=1, device="cpu")
    assert report.picture.read_bytes() == first


def test_without_the_film_the_parts_are_drawn_alone(corpus, tmp_path):
    film = corpus.root / "videos" / "two.mp4"
    away = film.rename(tmp_path / "two.mp4")
    report = explain(corpus.root, run="m", clip="two:2", snippet=2, output=tmp_path / "a.png", device="cpu")
    away.rename(film)
    assert report.picture.exists()
    assert "without pictures" in report.notes[0]


def test_the_command_shows_words_and_gives_json(corpus):
    arguments = ["explain", corpus.root, "--run", "m", "--clip", "one:3", "--snippet", 3, "--device", "cpu"]
    assert "door" in call(*arguments).stdout
    answers = json.loads(call(*arguments, "--json").stdout)["answers"]
    assert [answer["word"] for answer in answers] == ["the", "door", "one"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clip", "one:1"], "--run is needed: name the run of a trained matcher, or a --reranker"),
        (["--clip", "one:1", "--run", "m", "--reranker", "vilt"], "cannot be given together with --reranker"),
        (["--clip", "one:1", "--run", "m", "--frames", 2], "--frames has no effect with --run"),
        (["--clip", "one:1", "--reranker", "vilt", "--checkpoint", "last"], "no effect with --reranker"),
        (["--clip", "one:1", "--reranker", "vlit"], "did you mean vilt?"),
        (["--run", "m"], "--clip must be a video's id and a clip's number"),
        (["--run", "m", "--clip", "one:5"], "must be one of the 4 clips of one, not 5"),
        (["--run", "m", "--clip", "one:1", "--snippet", 4], "must be one of the 3 snippets of one, not 4"),
        (["--run", "m", "--clip", "nobody:1"], "has no clips"),
        (
            ["--run", "absent", "--clip", "one:1"],
            "with `mmtool train --preset multiway --run absent`",
        ),
        (
            ["--reranker", "bridgetower", "--clip", "one:1"],
            "cannot be bridgetower, which cannot explain",
        ),
        (["--run", "m", "--clip", "one:1", "-o", "a.jpg"], "must be a PNG file"),
    ],
)
def test_impossible_pairs(corpus, options, message):
    assert message in " ".join(call("explain", corpus.root, *options, code=2).stderr.split())


def test_the_report_shows_what_answers_in_the_clips_of_matches(corpus):
    call("align", corpus.root)
    page = corpus.root / "page.html"
    call("report", corpus.root, "--run", "semi-markov", "--explain", "m", "-o", page)
    videos = data_of(page)
    answers = next(video["answers"] for video in videos if video["id"] == "one")
    assert answers
    for found in answers.values():
        assert len(found["maps"]) == len(found["words"])
        assert all(len(row) == len(found["boxes"]) for row in found["maps"])
        assert all(0 <= share <= 1 for row in found["maps"] for share in row)
    assert "absent" in call("report", corpus.root, "--explain", "absent", code=2).stderr


@pytest.mark.parametrize(("kind", "save"), [("blip", save_blip), ("vilt", save_vilt)])
def test_published_models_explain_by_patches(corpus, tmp_path, kind, save):
    folder = save(tmp_path)
    pair = ["--clip", "one:1", "--snippet", 1, "--device", "cpu"]
    arguments = ["explain", corpus.root, "--reranker", folder, "--frames", 2, *pair, "--json"]
    content = json.loads(call(*arguments).stdout)
    assert (corpus.root / "explained" / kind / "one-1-1.png").stat().st_size > 1000
    assert [answer["word"] for answer in content["answers"][:5]] == ["a", "man", "opens", "the", "door"]
    boxes = [answer["box"] for answer in content["answers"] if answer["box"]]
    assert boxes
    assert all(right - left == pytest.approx(boxes[0][2] - boxes[0][0]) for left, _, right, _ in boxes)
    assert {answer["frame"] for answer in content["answers"]} <= {1, 2, None}
    call("align", corpus.root)
    page = tmp_path / "page.html"
    call("report", corpus.root, "--run", "semi-markov", "--explain", folder, "-o", page)
    answers = next(video["answers"] for video in data_of(page) if video["id"] == "one")
    patches = {len(found["boxes"]) for found in answers.values()}
    assert patches == {16 if kind == "blip" else 20}


def test_published_models_without_maps_are_refused(corpus, tmp_path):
    folder = save_blip2(tmp_path)
    result = call("explain", corpus.root, "--reranker", folder, "--clip", "one:1", code=2)
    assert "--reranker cannot be blip2, which cannot explain pairs; use blip or vilt" in " ".join(
        result.stderr.split()
    )
    call("align", corpus.root)
    result = call("report", corpus.root, "--run", "semi-markov", "--explain", folder, code=2)
    assert "--explain cannot be blip2" in " ".join(result.stderr.split())
