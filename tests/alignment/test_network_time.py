"""The network with time: its inputs by hand, the literal network with them, and what the commands do."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.beam import decode_by_beam
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import AlignmentNetwork, NetworkShape, parameter_count
from mmtool.alignment.network.time_inputs import (
    FLOOR,
    POSTERIOR_COLUMNS,
    TIME_COLUMNS,
    PairTables,
    action_prior,
    posterior_table,
    time_table,
)
from mmtool.alignment.network.trace import trace
from mmtool.alignment.timing.cross_fit import cross_fit
from mmtool.alignment.timing.fit import AnnotatedNarration, fit
from mmtool.alignment.timing.parameters import default_parameters
from mmtool.alignment.timing.semi_markov import align_narration, order_posterior
from mmtool.choices import (
    CheckpointChoice,
    Normalisation,
    Split,
    TimingModel,
    TimingPrior,
)
from mmtool.errors import CallError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.records import Interval
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.project import ProjectSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.align import align
from mmtool.stages.export import export_checkpoint
from mmtool.stages.extract import extract
from mmtool.stages.project import project
from mmtool.stages.train import train
from mmtool.training.samples import cut_samples
from support.commands import call
from support.corpora import TEXTS, copy_of, make_corpus
from support.literal_network import greedy, teacher_forced_logits
from support.network_cases import SIZES, make_case, tensors

CLIPS = [Interval(10.0, 12.0), Interval(12.0, 13.0), Interval(13.0, 20.0)]

# --- the tables --------------------------------------------------------------------------------------


def test_the_time_table_measures_seconds_of_both_tops():
    """The video lasts from 10 to 20 s; its two snippets take 3 s and 6 s to read."""
    table = time_table(CLIPS, np.array([3.0, 6.0]))
    assert table.shape == (3, 2, len(TIME_COLUMNS))
    row = dict(zip(TIME_COLUMNS, table[1, 1].tolist(), strict=True))
    assert row == pytest.approx(
        {
            "log_duration": np.log(2),
            "elapsed": 2 / 60,
            "remaining": 8 / 60,
            "log_reading_time": np.log(7),
            "read": 3 / 60,
            "to_read": 6 / 60,
            "slack": 2 / 60,
            "log_slack": np.log(9 / 7),
        }
    )


def test_the_posterior_table_has_probabilities_their_logs_none_and_next():
    posterior = np.array([[[0.5, 0.4, 0.1], [0.7, 0.3, 0.0]]])  # one clip, two snippets
    row = dict(zip(POSTERIOR_COLUMNS, posterior_table(posterior)[0, 0].tolist(), strict=True))
    assert row == pytest.approx(
        {
            "before": 0.5,
            "within": 0.4,
            "after": 0.1,
            "log_before": np.log(0.5) / -np.log(FLOOR),
            "log_within": np.log(0.4) / -np.log(FLOOR),
            "log_after": -0.25,
            "unmatched": 0.3,
            "next": 0.3,
        },
        abs=1e-6,
    )
    assert posterior_table(posterior)[0, 1].tolist()[5:] == pytest.approx([-1.0, 0.3, 0.0])


def test_each_action_has_the_probability_of_the_relation_that_calls_for_it():
    prior = action_prior(np.array([[[0.5, 0.4, 0.0]]]), ActionSet(MANY_TO_MANY))
    assert np.exp(prior[0, 0]) == pytest.approx([0.5, FLOOR, 0.4, 0.4, 0.4])


def test_the_order_posterior_agrees_with_the_alignment():
    """Within is the posterior; before falls and after grows from clip to clip; they sum to 1."""
    texts, parameters = list(TEXTS), default_parameters()
    clips = [Interval(k * 1.5, k * 1.5 + 1.5) for k in range(10)]
    probabilities = order_posterior(clips, texts, parameters)
    posterior = align_narration(clips, texts, parameters).posterior
    np.testing.assert_allclose(probabilities[..., 1], posterior.T, atol=1e-9)
    np.testing.assert_allclose(probabilities.sum(axis=2), 1.0, atol=1e-9)
    assert (np.diff(probabilities[..., 0], axis=0) <= 1e-9).all()
    assert (np.diff(probabilities[..., 2], axis=0) >= -1e-9).all()
    with pytest.raises(ValueError, match="no letters"):
        order_posterior(clips, ["…"], parameters)


def test_texts_without_letters_take_no_time_on_the_course():
    clips = [Interval(k * 1.5, k * 1.5 + 1.5) for k in range(10)]
    texts = ["…", "Anna runs home.", "♪", "Ben waits.", "!"]
    course = order_posterior(clips, texts, default_parameters())
    spoken = order_posterior(clips, [texts[1], texts[3]], default_parameters())
    np.testing.assert_array_equal(course[:, [1, 3]], spoken)
    np.testing.assert_allclose(course.sum(axis=2), 1.0, atol=1e-9)
    assert not course[:, [0, 2, 4], 1].any()
    np.testing.assert_array_equal(course[:, 2, 2], spoken[:, 0, 2])
    assert (course[:, 0, 2] == 1).all()


def test_tables_of_videos_side_by_side_are_looked_up_by_video():
    tables = [np.arange(n * m * 2, dtype=np.float32).reshape(n, m, 2) for n, m in SIZES]
    clip, snippet = np.array([6, 0, 8, 0]), np.array([3, 5, 1, 0])
    got = PairTables(tables).at(clip, snippet)
    assert got.tolist() == [t[i, j].tolist() for t, i, j in zip(tables, clip, snippet, strict=True)]


# --- the network -------------------------------------------------------------------------------------


def timed_case(normalisation, actions, seed=0):
    """The case of the published network, with time; and tables of random numbers."""
    _, clips, snippets, gold, action_set = make_case(normalisation, actions, seed=seed)
    network = AlignmentNetwork(
        NetworkShape(300, 300, len(actions), normalisation=normalisation, time_features=True, posterior=True)
    )
    rng = np.random.default_rng(seed + 100)
    width = network.shape.time_inputs
    pairs = [rng.standard_normal((n, m, width)).astype(np.float32) for n, m in SIZES]
    prior = [rng.standard_normal((n, m, len(actions))).astype(np.float32) for n, m in SIZES]
    return network, clips, snippets, gold, action_set, pairs, prior


def literal(tables):
    return [torch.from_numpy(table) for table in tables]


@pytest.mark.parametrize("normalisation", [Normalisation.SBN, Normalisation.LN4])
@pytest.mark.parametrize("actions", [ONE_TO_MANY, MANY_TO_MANY])
def test_teacher_forcing_with_time_equals_the_literal_network(normalisation, actions):
    network, clips, snippets, gold, action_set, pairs, _ = timed_case(normalisation, actions)
    traces = Traces.pad(
        [
            trace(g, len(c), len(s), action_set, p)
            for g, c, s, p in zip(gold, clips, snippets, pairs, strict=True)
        ]
    )
    expected = teacher_forced_logits(
        network, tensors(clips), tensors(snippets), gold, actions, training=True, pairs=literal(pairs)
    )
    logits = network(Sequences.pad(clips), Sequences.pad(snippets), traces)
    for row, want in zip(logits, expected, strict=True):
        torch.testing.assert_close(row[: len(want)], want, atol=1e-5, rtol=0)


@pytest.mark.parametrize("normalisation", [Normalisation.SBN, Normalisation.LN4])
@pytest.mark.parametrize("actions", [ONE_TO_MANY, MANY_TO_MANY])
@pytest.mark.parametrize("seed", range(3))
def test_greedy_decoding_with_time_equals_the_literal_network(normalisation, actions, seed):
    network, clips, snippets, _, action_set, pairs, prior = timed_case(normalisation, actions, seed)
    decoded = decode_greedily(
        network,
        Sequences.pad(clips),
        Sequences.pad(snippets),
        action_set,
        inputs=PairTables(pairs),
        prior=PairTables(prior),
    )
    network.eval()
    expected = greedy(network, tensors(clips), tensors(snippets), actions, literal(pairs), literal(prior))
    narrow = decode_by_beam(
        network,
        Sequences.pad(clips),
        Sequences.pad(snippets),
        action_set,
        width=1,
        inputs=PairTables(pairs),
        prior=PairTables(prior),
    )
    for got, beam, (taken, matches) in zip(decoded, narrow, expected, strict=True):
        assert list(got.actions) == list(beam.actions) == taken
        assert list(got.matches) == list(beam.matches) == matches


@pytest.mark.parametrize(
    ("time_features", "posterior", "more"),
    [
        (False, False, 0),
        (True, False, 300 * len(TIME_COLUMNS)),
        (False, True, 300 * len(POSTERIOR_COLUMNS)),
        (True, True, 300 * (len(TIME_COLUMNS) + len(POSTERIOR_COLUMNS))),
    ],
)
def test_each_further_input_has_a_weight_to_each_of_300_units(time_features, posterior, more):
    network = AlignmentNetwork(NetworkShape(300, 300, 3, time_features=time_features, posterior=posterior))
    assert parameter_count(network) == 3_408_415 + more


def test_windows_read_the_time_of_the_whole_video():
    """The table says which pair it is of; a window that starts later starts with a later pair."""
    action_set = ActionSet(ONE_TO_MANY)
    gold = np.array([0, 2, 2, 1, 0, 2])  # clip 0 matches nothing, 1 and 2 snippet 0, 3 nothing, 4 snippet 1
    pairs = np.stack(np.meshgrid(np.arange(5), np.arange(2), indexing="ij"), axis=2).astype(np.float32)
    features = np.zeros((5, 4), np.float32), np.zeros((2, 4), np.float32)
    samples = cut_samples("v", *features, gold, action_set=action_set, max_actions=4, pairs=pairs)
    read = [sample.trace.positional[:, 10:].tolist() for sample in samples]
    assert read == [[[0, 0], [1, 0], [2, 0], [3, 0]], [[3, 1], [4, 1]]]


# --- cross-fitting -----------------------------------------------------------------------------------


def annotated(head: float) -> AnnotatedNarration:
    """A title of ``head`` seconds, then four texts of two seconds."""
    cuts = [0.0, head, head + 2, head + 4, head + 6, head + 8]
    clips = [Interval(a, b) for a, b in pairwise(cuts)]
    return AnnotatedNarration(clips=clips, texts=list(TEXTS), truth=list(clips[1:]))


def test_a_training_video_is_measured_with_the_parameters_of_the_others():
    videos = [annotated(3.0 + k) for k in range(4)]
    fitted = cross_fit(videos, default_parameters())
    for k, parameters in enumerate(fitted):
        assert [e.length for e in parameters.head.exemplars] == [3.0 + i for i in range(4) if i != k]
        assert parameters == fit([v for i, v in enumerate(videos) if i != k], default_parameters())


def test_of_many_videos_a_tenth_is_left_out_at_a_time():
    videos = [annotated(3.0 + k) for k in range(12)]
    heads = [{e.length for e in p.head.exemplars} for p in cross_fit(videos, default_parameters())]
    assert all(3.0 + k not in heads[k] for k in range(12))
    assert heads[0] == heads[10] == {3.0 + k for k in range(12)} - {3.0, 13.0}


# --- the commands ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def projected(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("projected") / "corpus")
    extract(
        corpus.root,
        ExtractSettings(video_encoder="timing", text_encoder="length"),
    )
    project(corpus.root, ProjectSettings())
    return corpus


@pytest.fixture(scope="module")
def with_a_run(projected, tmp_path_factory):
    """The corpus with a run without time, ``plain``."""
    corpus = copy_of(projected, tmp_path_factory.mktemp("plain") / "corpus")
    trained(corpus, "plain", early_stopping=0)
    return corpus


@pytest.fixture
def corpus(projected, tmp_path):
    return copy_of(projected, tmp_path / "corpus")


def trained(corpus, run, **settings):
    values = {"video": "timing", "text": "length", "epochs": 2, "early_stopping": 9, "threads": 1}
    train(corpus.root, TrainSettings(**values | settings), run=run)
    return read_checkpoint(corpus.run(run) / "best.pt")


def matches(corpus, run, **settings):
    align(corpus.root, AlignSettings(run=run, split=Split.TEST, **settings))
    return [read_alignment(corpus.alignment(run, id))[0].matches for id in corpus.split_ids(Split.TEST)]


def test_a_run_with_time_says_so_and_aligns(corpus):
    options = ["--video", "timing", "--text", "length", "--epochs", 2, "--threads", 1]
    call("train", corpus.root, "--run", "time", "--time-features", "--timing-prior", "both", *options)
    recorded = json.loads((corpus.run("time") / "config.json").read_text())["settings"]
    assert (recorded["time_features"], recorded["timing_prior"]) == (True, "both")
    checkpoint = read_checkpoint(corpus.run("time") / "last.pt")
    assert (checkpoint.shape["time_features"], checkpoint.shape["posterior"]) == (True, True)
    shown = json.loads(call("info", corpus.run("time") / "last.pt", "--json").stdout)
    assert shown["timing_weight"] == checkpoint.timing["weight"] >= 0
    assert checkpoint.timing["parameters"]["source"].startswith("Learned from 3 videos")
    assert "2 done" in call("align", corpus.root, "--run", "time", "--split", "test").stdout
    assert "2 unchanged" in call("align", corpus.root, "--run", "time", "--split", "test").stdout
    (corpus.root / "videos.csv").write_text("id,title\nv4,A recap\n")
    assert "1 done, 1 unchanged" in call("align", corpus.root, "--run", "time", "--split", "test").stdout


def test_without_time_runs_and_checkpoints_are_as_they_were(corpus):
    checkpoint = trained(corpus, "plain")
    assert checkpoint.timing == {}
    assert (
        sum(tensor.numel() for name, tensor in checkpoint.network.items() if "running" not in name)
        >= 3_408_415
    )
    config = corpus.run("plain") / "config.json"
    content = json.loads(config.read_text())
    del content["settings"]["time_features"], content["settings"]["timing_prior"]
    config.write_text(json.dumps(content))  # as an older program wrote it
    trained(corpus, "plain", epochs=3)
    with pytest.raises(CallError, match="time_features False, not True"):
        trained(corpus, "plain", time_features=True)


def test_an_interrupted_run_with_time_ends_as_an_uninterrupted_one(corpus):
    settings = {"time_features": True, "timing_prior": TimingPrior.BOTH}
    whole = trained(corpus, "whole", epochs=2, **settings)
    trained(corpus, "parts", epochs=1, **settings)
    parts = trained(corpus, "parts", epochs=2, **settings)
    assert parts.timing == whole.timing
    assert all(torch.equal(parts.network[name], whole.network[name]) for name in whole.network)


def test_the_prior_in_decoding_leaves_the_weights_alone_and_can_be_given_to_any_run(with_a_run, tmp_path):
    """With a weight beyond all logits, only timing decides."""
    corpus = copy_of(with_a_run, tmp_path / "corpus")
    plain = read_checkpoint(corpus.run("plain") / "best.pt")
    prior = trained(corpus, "prior", early_stopping=0, timing_prior=TimingPrior.DECODING)
    assert all(torch.equal(prior.network[name], plain.network[name]) for name in plain.network)
    heavy = {"timing_weight": 1e6, "checkpoint": CheckpointChoice.LAST}
    assert matches(corpus, "prior", timing_weight=0.0) == matches(corpus, "plain")
    assert matches(corpus, "prior", **heavy) != matches(corpus, "plain")
    trained(corpus, "other", early_stopping=0, seed=1, timing_prior=TimingPrior.DECODING)
    assert matches(corpus, "other", **heavy) == matches(corpus, "prior", **heavy)
    assert matches(corpus, "plain", **heavy) != matches(corpus, "plain")


def test_weighed_by_timing_confidence_is_timings_probability_of_what_was_decided(with_a_run, tmp_path):
    """A network without timing of its own is weighed by the package's model of one channel."""
    corpus = copy_of(with_a_run, tmp_path / "corpus")
    matches(corpus, "plain", timing_weight=4.0)
    align(corpus.root, AlignSettings(split=Split.TEST, timing_model=TimingModel.CHANNEL))
    compared = 0
    for id in corpus.split_ids(Split.TEST):
        weighed, timed = (read_alignment(corpus.alignment(run, id))[0] for run in ("plain", "semi-markov"))
        label_of = [dict(alignment.matches) for alignment in (weighed, timed)]
        for clip in range(len(timed.clips)):
            if label_of[0].get(clip) == label_of[1].get(clip):
                assert weighed.clip_confidence[clip] == pytest.approx(timed.clip_confidence[clip], abs=1e-5)
                compared += 1
    assert compared


def test_the_published_format_has_no_place_for_time(corpus, tmp_path):
    trained(corpus, "time", time_features=True)
    with pytest.raises(CallError, match="reads time"):
        export_checkpoint(corpus.root, file=tmp_path / "a.pth", run="time", checkpoint="last")
    assert not (tmp_path / "a.pth").exists()


def test_weights_of_another_kind_of_network_are_no_start(corpus):
    trained(corpus, "time", time_features=True)
    with pytest.raises(CallError, match="has posterior False, but this run has True"):
        trained(corpus, "next", init_from="time", timing_prior=TimingPrior.INPUT)


def test_calls_that_cannot_be(corpus):
    features = ["--video", "timing", "--text", "length", "--run", "x"]
    assert "timing-weight" in call("align", corpus.root, "--timing-weight", 1, code=2).stderr
    assert "at least 0" in call("align", corpus.root, "--timing-weight", -1, code=2).stderr
    semi_markov = ["--preset", "semi-markov", "--time-features"]
    assert "time-features" in call("train", corpus.root, *semi_markov, code=2).stderr
    corpus.split(Split.VAL).unlink()
    decoding = call("train", corpus.root, *features, "--timing-prior", "decoding", code=2).stderr
    assert "validation split" in decoding
    corpus.snippets("v0").write_text("snippet,text,start,end\n" + "".join(f"{i},…,,\n" for i in range(4)))
    assert "Traceback" not in call("train", corpus.root, *features, "--timing-prior", "input", code=2).stderr
    assert not corpus.run("x").exists()
