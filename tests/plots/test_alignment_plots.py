"""``mmtool plot`` of alignments: what was likely, accuracy in the course of videos, confusions."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import ONE_TO_MANY, ActionSet, gold_actions
from mmtool.alignment.timing.minimum_risk import UNMATCHED
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.choices import Modality
from mmtool.errors import InputError
from mmtool.evaluation.accuracy_by_time import accuracy_by_time
from mmtool.evaluation.confusion import label_confusion
from mmtool.evaluation.measures import score
from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.plots.alignment_grid import draw_alignment_grid
from mmtool.plots.confusion import Confusion, draw_confusion
from mmtool.records import Alignment, Clip, Interval, Quality, Snippet, silent
from mmtool.stages.plot.action_confusion import count_actions
from mmtool.stages.shared.network_inputs import open_for_checkpoint
from mmtool.stages.shared.trained_network import load_network
from support.commands import call, complaint
from support.corpora import LENGTHS, TEXTS, copy_of
from support.literal_network import teacher_forced_logits
from support.pictures import names, svg_texts

TIMING = "semi-markov"
MATCHES = [(1, 0), (2, 0), (3, 1), (4, 3)]  # the truth of corpora.py


@pytest.fixture(scope="module")
def trained(chained, tmp_path_factory):
    """A network's run ``r``, and the alignments of both it and of timing."""
    corpus = copy_of(chained, tmp_path_factory.mktemp("trained") / "corpus")
    call("align", corpus.root, "--run", "r")
    call("align", corpus.root)
    return corpus


@pytest.fixture
def corpus(trained, tmp_path):
    shutil.copytree(trained.root, tmp_path / "corpus")
    return Corpus(tmp_path / "corpus")


def film(*lengths):
    """Clips that follow each other."""
    ends = np.cumsum(lengths)
    return [Interval(float(end - length), float(end)) for end, length in zip(ends, lengths, strict=True)]


# What was likely


def test_candidates_are_the_likely_part_of_the_posterior():
    clips, parameters = film(*LENGTHS * 4), default_parameters()
    timed = align_narration(clips, TEXTS * 3, parameters)
    outside = 1 - timed.posterior.sum(axis=0)
    for clip, candidates in enumerate(timed.candidates):
        weights = [p ** (1 / parameters.temperature) for p in (*timed.posterior[:, clip], outside[clip])]
        probability = [weight / sum(weights) for weight in weights[:-1]]
        likely = sorted((j for j, p in enumerate(probability) if p >= 0.01), key=lambda j: -probability[j])[
            :8
        ]
        assert [j for j, _ in candidates] == likely
        assert [p for _, p in candidates] == pytest.approx([probability[j] for j in likely])
        if timed.labels[clip] != UNMATCHED:
            own = dict(candidates)[timed.labels[clip]]
            assert own == pytest.approx(timed.clip_confidence[clip])
    assert max(map(len, timed.candidates)) > 1


def small(**changes):
    """Two clips, of which the second belongs to the second of two snippets."""
    return replace(
        Alignment(
            id="a",
            clips=(Clip(0.0, 1.0), Clip(1.0, 3.0)),
            snippets=(Snippet("$one$ { "), Snippet("two")),
            matches=((1, 1),),
            clip_confidence=(0.5, 0.75),
            snippet_confidence=(0.5, 0.75),
            decoder=TIMING,
            checkpoint="",
            quality=Quality(placed=2, snippets=2, expected_accuracy=0.5),
        ),
        **changes,
    )


@pytest.mark.parametrize("candidates", [(), ((), ((1, 0.75), (0, 0.125)))])
def test_candidates_survive_in_a_line_a_clip(tmp_path, candidates):
    path = tmp_path / "a.json"
    write_alignment(path, small(candidates=candidates), "recipe")
    assert read_alignment(path)[0] == small(candidates=candidates)
    lines = [line.strip() for line in path.read_text().splitlines() if "candidates" in line]
    assert lines == (['"candidates": {}', '"candidates": { "1": 0.75, "0": 0.125 }'] if candidates else [])


@pytest.mark.parametrize(
    "wrong", [{"2": 0.5}, {"-1": 0.5}, {"x": 0.5}, {"1": "x"}, {"1": 2}, [1, 0.5], 3, None]
)
def test_foreign_candidates_are_refused(tmp_path, wrong):
    path = tmp_path / "a.json"
    write_alignment(path, small(candidates=((), ((1, 0.75),))), "recipe")
    content = json.loads(path.read_text())
    content["clips"][1]["candidates"] = wrong
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="is not a valid alignment file"):
        read_alignment(path)


# In the course of a video


def test_accuracy_by_time_by_hand():
    """Two clips of 10 s with the snippet that is told from 0 to 15 s, in four parts of 5 s."""
    clips, truth = film(10, 10), [Interval(0.0, 15.0)]
    assert accuracy_by_time(clips, truth, [(0, 0), (1, 0)], bins=4).tolist() == [1, 1, 1, 0]
    assert accuracy_by_time(clips, truth, [(0, 0)], bins=4).tolist() == [1, 1, 0, 1]
    assert accuracy_by_time(clips, truth, [], bins=2).tolist() == [0, 0.5]
    gap = [Interval(0.0, 1.0), Interval(3.0, 4.0)]
    np.testing.assert_array_equal(accuracy_by_time(gap, [], [], bins=4), [1, np.nan, np.nan, 1])
    assert np.isnan(accuracy_by_time([], [], [])).all()


def test_the_parts_of_a_video_together_have_its_accuracy():
    """Where clips leave no gap, all parts weigh the same."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        clips = film(*rng.uniform(0.5, 3, size=7))
        truth = [None, *film(*rng.uniform(1, 4, size=4))]
        matches = [(clip, int(rng.integers(5))) for clip in range(7) if rng.random() < 0.7]
        whole = score(clips, truth, matches).video_accuracy
        assert accuracy_by_time(clips, truth, matches).mean() == pytest.approx(whole)


# What is taken for what


def test_label_confusion_by_hand():
    """Clips of 1 s; snippets 0, 1 and 3 are told in clips 1, 3 and 4, snippet 2 never."""
    clips = film(*[1] * 6)
    truth = [clips[1], clips[3], None, clips[4]]
    right = label_confusion(clips, truth, [(1, 0), (3, 1), (4, 3)])
    assert right.tolist() == [[3, 0, 0, 0], [0, 3, 0, 0]]
    late = label_confusion(clips, truth, [(0, 0), (1, 1), (2, 1), (3, 2), (4, 3), (5, 3)])
    assert late.tolist() == [[0, 0, 1, 2], [0, 1, 0, 2]]  # clip 5 keeps snippet 3, already told
    early = label_confusion(clips, truth, [(2, 0), (3, 0), (4, 1), (4, 2)])
    assert early.tolist() == [[2, 0, 1, 0], [1, 0, 2, 0]]
    assert label_confusion(clips, truth, [(1, 1), (1, 0)]).tolist()[1] == [2, 1, 0, 0]


def test_actions_are_counted_as_the_literal_network_takes_them(trained):
    """All six videos have the same labels."""
    ids = [f"v{k}" for k in range(6)]
    counted = count_actions(trained, "r", ids, silent)
    actions, counts = counted.actions, counted.counts
    assert (actions, counted.failures) == (ONE_TO_MANY, [])
    gold = gold_actions(MATCHES, 6, 4, ActionSet(actions))
    checkpoint = read_checkpoint(trained.run("r") / "last.pt")
    network, read = load_network(checkpoint, Path("last.pt")), {}
    for modality in Modality:
        with open_for_checkpoint(trained, modality, checkpoint.inputs[modality], "") as features:
            read[modality] = [list(torch.from_numpy(features.read(id))) for id in ids]
    with torch.no_grad():
        logits = teacher_forced_logits(
            network, read[Modality.VIDEO], read[Modality.TEXT], [gold] * 6, actions, training=False
        )
    expected = np.zeros((3, 3), dtype=int)
    for own in logits:
        for action, chosen in zip(gold, own.argmax(dim=-1).tolist(), strict=True):
            expected[action, chosen] += 1
    assert counts.tolist() == expected.tolist()
    assert counts.sum() == 6 * len(gold)


def test_a_table_of_confusion_has_counts_and_shares_of_its_rows():
    table = Confusion(
        run="$r$",
        true_name="right",
        given_name="given",
        true_labels=["a", "b"],
        given_labels=["a", "b", "c"],
        counts=np.array([[3, 1, 0], [0, 0, 0]]),
        right=np.eye(2, 3, dtype=bool),
    )
    [axes] = draw_confusion([table]).axes
    assert [text.get_text() for text in axes.texts] == ["75 %\n3", "25 %\n1", "0 %\n0", "–", "–", "–"]
    assert axes.get_title() == "$r$: 75 % of 4 right"


# The picture of one alignment


def test_the_grid_has_a_cell_for_all_that_was_likely_and_an_outline_of_the_truth():
    """Snippet 1 is told in the second clip: one outline there, one of the time before."""
    alignment = small(candidates=(((0, 0.25),), ((1, 0.75), (0, 0.125))))
    figure = draw_alignment_grid(alignment, [None, Interval(1.0, 3.0)], title="t", measured="m")
    cells, outlines, path = figure.axes[0].collections
    # row 2.6 is of no snippet: the label of the first clip, and what the second one's candidates leave
    assert boxes(cells) == {(0, 1, 2.6), (0, 1, 0), (1, 3, 1), (1, 3, 0), (1, 3, 2.6)}
    assert boxes(outlines) == {(0, 1, 2.6), (1, 3, 1)}
    assert [segment.tolist() for segment in path.get_segments()] == [[[1, 1], [3, 1]], [[0, 2.6], [1, 2.6]]]
    cells, path = draw_alignment_grid(small(), None, title="t").axes[0].collections
    assert boxes(cells) == {(0, 1, 2.6), (1, 3, 1)}


def boxes(collection):
    """Start, end and row of each patch."""
    bounds = [path.get_extents() for path in collection.get_paths()]
    return {(box.x0, box.x1, round((box.y0 + box.y1) / 2, 6)) for box in bounds}


@pytest.mark.parametrize(("run", "scale"), [(TIMING, "probability, %"), ("r", "confidence, %")])
def test_each_video_has_a_picture_of_its_alignment(corpus, run, scale):
    corpus.annotations("v1").unlink()
    call("plot", corpus.root, "--run", run, "--what", "alignment", "--format", "svg")
    folder = corpus.plots() / "alignment" / run
    assert names(folder) == {f"v{k}.svg" for k in range(6)}
    assert {scale, "truth", "no snippet", f"{run}: v0", "the end.  4"} <= svg_texts(folder / "v0.svg")
    assert "truth" not in svg_texts(folder / "v1.svg")


def test_videos_are_chosen_by_name_and_by_split(corpus, tmp_path):
    command = ["plot", corpus.root, "--run", TIMING, "--what", "alignment"]
    call(*command, "--video", "v2", "-o", tmp_path / "a")
    assert names(tmp_path / "a" / "alignment" / TIMING) == {"v2.png"}
    result = json.loads(call(*command, "--split", "test", "-o", tmp_path / "b", "--json").stdout)
    assert result["done"] == ["v4", "v5"]
    assert names(tmp_path / "b" / "alignment" / TIMING) == {"v4.png", "v5.png"}
    result = call(*command, "--video", "v9", "--video", "v2", code=1)
    assert "no such alignment" in complaint(result, "v9.json")


def test_an_alignment_without_candidates_is_drawn_and_noted(corpus):
    path = corpus.alignment(TIMING, "v0")
    alignment, recipe = read_alignment(path)
    assert alignment.candidates
    write_alignment(path, replace(alignment, candidates=()), recipe)
    result = call("plot", corpus.root, "--run", TIMING, "--what", "alignment", "--video", "v0")
    assert "v0: this alignment has no candidates" in result.stderr
    assert names(corpus.plots() / "alignment" / TIMING) == {"v0.png"}


@pytest.mark.parametrize("what", ["progress", "confusion"])
def test_runs_share_a_picture(corpus, what):
    result = call("plot", corpus.root, "--run", "r", "--run", TIMING, "--what", what, "--format", "svg")
    assert "2 done · pictures 1" in result.stdout
    assert names(corpus.plots()) == {f"{what}.svg"}
    seen = " ".join(svg_texts(corpus.plots() / f"{what}.svg"))
    words = {
        "progress": ["r: mean of 6 videos", "semi-markov: mean of 6 videos", "every clip unmatched"],
        "confusion": ["r: ", "pop-text", "match-retain-text", "semi-markov: ", "a later one"],
    }
    for word in words[what]:
        assert word in seen


# Bad input


@pytest.mark.parametrize("what", ["alignment", "progress", "confusion"])
def test_nothing_to_draw(corpus, what):
    command = ["plot", corpus.root, "--what", what]
    complaint(call(*command, "--run", "none", code=2), "alignments/none: no alignments; run `mmtool align`")
    for path in (corpus.root / "annotations").iterdir():
        path.unlink()
    if what == "alignment":
        call(*command, "--run", TIMING, "--video", "v0")
    else:
        complaint(call(*command, "--run", TIMING, code=2), "no annotations")


def test_a_damaged_video_is_named_and_the_others_are_drawn(corpus):
    corpus.alignment(TIMING, "v3").write_text("{}")
    for what in ("alignment", "progress", "confusion"):
        result = call("plot", corpus.root, "--run", TIMING, "--what", what, "--split", "val", code=2)
        complaint(result, "v3.json")
    result = call("plot", corpus.root, "--run", TIMING, "--what", "progress", code=1)
    assert "1 done, 1 failed" in result.stdout


def test_of_several_alignments_one_must_be_named(corpus):
    command = ["plot", corpus.root, "--what", "progress"]
    complaint(call(*command, code=2), "--run is needed: there are alignments of r, semi-markov")
    shutil.rmtree(corpus.root / "alignments" / "r")
    assert "1 done · pictures 1" in call(*command).stdout


@pytest.mark.parametrize("option", [["--video", "v0"], ["--split", "test"]])
@pytest.mark.parametrize("what", ["training", "reliability"])
def test_pictures_of_training_have_no_videos(corpus, option, what):
    result = call("plot", corpus.root, "--run", "r", "--what", what, *option, code=2)
    complaint(result, f"{option[0]} has no effect with --what {what}")
