"""Beam search: greedy at width 1, exact when it is wide enough for everything."""

import numpy as np
import pytest
import torch

from mmtool.alignment.network.actions import MANY_TO_MANY, ONE_TO_MANY, ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.beam import _Search, decode_by_beam
from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import WIDTH, AlignmentNetwork, NetworkShape
from mmtool.alignment.network.trace import POSITIONAL
from mmtool.choices import Normalisation
from mmtool.formats.alignments import read_alignment
from support.commands import call, chain
from support.corpora import make_corpus
from support.literal_network import Episode, read

ENOUGH = 10_000  # more than there are sequences of a test's size


def network_of(actions: int, normalisation: Normalisation = Normalisation.SBN) -> AlignmentNetwork:
    torch.manual_seed(1)
    shape = NetworkShape(video_dimension=5, text_dimension=4, actions=actions, normalisation=normalisation)
    network = AlignmentNetwork(shape).eval()
    hidden, last = network.classifier[0][0], network.classifier[1]
    with torch.no_grad():  # what was seen and done decides, so that sequences compete
        last.weight *= 4
        last.bias.zero_()
        hidden.weight[:, -POSITIONAL:] *= 0.05
        hidden.weight[:, 2 * WIDTH : -POSITIONAL] *= 5
    return network


def features(sizes: list[int], dimension: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng([seed, dimension])
    return [rng.normal(0, 10, (n, dimension)).astype(np.float32) for n in sizes]


def every_sequence(network, clips, snippets, actions) -> dict[tuple[int, ...], tuple[float, tuple]]:
    """All complete sequences with their mean log-probability and matches, by the literal network."""
    with torch.no_grad():
        video, text = read(network, [list(clips)], [list(snippets)], training=False)

        def follow(taken: tuple[int, ...]):
            episode, logs = Episode(network, video[0], text[0], actions), []
            for action in taken:
                logs.append(float(episode.logits().double().log_softmax(0)[action]))
                episode.take(action)
            if episode.over:
                yield taken, (sum(logs) / len(logs), tuple(episode.matches))
                return
            for action in range(len(actions)):
                yield from follow((*taken, action))

        return dict(follow(()))


@pytest.mark.parametrize("actions", [ONE_TO_MANY, MANY_TO_MANY], ids=["one-to-many", "many-to-many"])
@pytest.mark.parametrize(("clips", "snippets"), [(1, 1), (2, 2), (3, 2), (2, 3), (3, 3)])
def test_a_beam_that_holds_everything_finds_the_best_of_all(actions, clips, snippets):
    network = network_of(len(actions))
    (c,), (s,) = features([clips], 5), features([snippets], 4)
    every = every_sequence(network, torch.from_numpy(c), torch.from_numpy(s), actions)
    (found,) = decode_by_beam(
        network, Sequences.pad([c]), Sequences.pad([s]), ActionSet(actions), width=ENOUGH
    )
    score, matches = every[found.actions]
    assert score == pytest.approx(max(value for value, _ in every.values()), abs=1e-6)
    assert found.matches == matches


@pytest.mark.parametrize("seed", range(4))
def test_every_hypothesis_of_a_beam_is_scored_as_the_literal_network_does(seed):
    """Random actions, most of them matches, so that slots are begun, continued and left."""
    network, rng = network_of(len(MANY_TO_MANY)), np.random.default_rng(seed)
    c, s = (torch.from_numpy(rows[0]) for rows in (features([9], 5, seed), features([9], 4, seed)))
    with torch.no_grad():
        video, text = read(network, [list(c)], [list(s)], training=False)
        episode = Episode(network, video[0], text[0], MANY_TO_MANY)
        search = _Search(network, torch.stack(video[0]), torch.stack(text[0]), ActionSet(MANY_TO_MANY), 1)
        beam = search._start()
        while not episode.over:
            expected = episode.logits().double().log_softmax(0)
            torch.testing.assert_close(search._log_probabilities(beam)[0], expected, atol=1e-5, rtol=1e-4)
            action = int(rng.choice(5, p=[0.1, 0.2, 0.4, 0.1, 0.2]))
            episode.take(action)
            beam = search._take(beam, torch.tensor([action]))


@pytest.mark.parametrize("normalisation", list(Normalisation))
def test_width_one_is_greedy(normalisation):
    network = network_of(3, normalisation)
    clips = Sequences.pad(features([9, 4, 12, 1], 5))
    snippets = Sequences.pad(features([5, 7, 6, 3], 4))
    action_set = ActionSet(ONE_TO_MANY)
    greedy = decode_greedily(network, clips, snippets, action_set)
    beam = decode_by_beam(network, clips, snippets, action_set, width=1)
    assert [b.actions for b in beam] == [g.actions for g in greedy]
    assert [b.matches for b in beam] == [g.matches for g in greedy]
    for b, g in zip(beam, greedy, strict=True):
        np.testing.assert_allclose(b.clip_confidence, g.clip_confidence, rtol=1e-4)
        np.testing.assert_allclose(b.snippet_confidence, g.snippet_confidence, rtol=1e-4)


def test_a_wide_beam_beats_greedy_somewhere():
    """Else the tests above would not tell a beam from greedy decoding."""
    network, action_set = network_of(3), ActionSet(ONE_TO_MANY)
    clips, snippets = Sequences.pad(features([6] * 10, 5)), Sequences.pad(features([4] * 10, 4))
    narrow, wide = (
        [decoded.actions for decoded in decode_by_beam(network, clips, snippets, action_set, width=width)]
        for width in (1, 30)
    )
    assert narrow != wide


@pytest.mark.slow
def test_beam_aligns_through_the_command_and_width_one_is_greedy(tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    chain(corpus.root)
    command = ["align", corpus.root, "--run", "r"]
    call(*command)
    greedy = read_alignment(corpus.alignment("r", "v0"))[0]
    call(*command, "--decoder", "beam", "--beam-width", 1)
    narrow = read_alignment(corpus.alignment("r", "v0"))[0]
    assert (narrow.matches, narrow.decoder) == (greedy.matches, "beam")
    assert "6 unchanged" in call(*command, "--decoder", "beam", "--beam-width", 1).stdout
    assert "6 done" in call(*command, "--decoder", "beam").stdout
    assert "--path" in call(*command, "--decoder", "beam", "--path", "viterbi", code=2).stderr
