"""Beam search: the most probable sequence of actions, instead of one action at a time."""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from mmtool.alignment.network.actions import MATCHES, POPS_CLIP, POPS_SNIPPET, ActionSet
from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.branches import make_network
from mmtool.alignment.network.greedy import Decoded, read_actions
from mmtool.alignment.network.lstm import StackState
from mmtool.alignment.network.model import ACTION_WIDTH, MATCHED_WIDTH, WIDTH, AlignmentNetwork
from mmtool.alignment.network.time_inputs import PairTables
from mmtool.alignment.network.trace import positional_features

STEPPED = ("action_stack.", "matched_stack.", "classifier.")  # parts of the network that see single actions


@dataclass(frozen=True, slots=True)
class _Beam:
    """K hypotheses of one video; the first dimension is the hypothesis.

    The slot is the top element of the Matched Stack, which the next match may extend.
    """

    taken: Tensor  # (K, T) the actions so far
    logs: Tensor  # (K, T) float64: their log-probabilities
    clip_top: Tensor  # (K,)
    snippet_top: Tensor  # (K,)
    actions: Tensor  # (K, 4, 8): h₁, c₁, h₂, c₂ of the Action Stack
    matched: Tensor  # (K, 4, 20) of the Matched Stack, after the latest match
    before_slot: Tensor  # (K, 4, 20)
    slot_clip: Tensor  # (K,) clip of the latest match, −1 for none
    slot_snippet: Tensor  # (K,)
    clip_sum: Tensor  # (K, 300) over the slot's distinct clips
    clip_count: Tensor  # (K, 1)
    snippet_sum: Tensor  # (K, 300)
    snippet_count: Tensor  # (K, 1)

    def of(self, rows: Tensor) -> "_Beam":
        """The hypotheses ``rows``: indices, or a mask."""
        return _Beam(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Search:
    """One video, and what all its hypotheses share; everything is on the CPU."""

    network: AlignmentNetwork
    video: Tensor  # (N, 300)
    text: Tensor  # (M, 300)
    action_set: ActionSet
    width: int
    number: int = 0  # of the video in the tables
    inputs: PairTables | None = None
    prior: PairTables | None = None

    def best(self) -> tuple[list[int], list[float]]:
        """The actions of the best finished hypothesis, and their log-probabilities."""
        beam, best_score = self._start(), -np.inf
        best: tuple[list[int], list[float]] = ([], [])
        while len(beam.taken):
            beam = self._advance(beam)
            over = (beam.clip_top >= len(self.video)) | (beam.snippet_top >= len(self.text))
            for taken, logs in zip(beam.taken[over], beam.logs[over], strict=True):
                if float(logs.mean()) > best_score:
                    best, best_score = (taken.tolist(), logs.tolist()), float(logs.mean())
            beam = beam.of(~over)
        return best

    def _start(self) -> _Beam:
        like = self.video
        index = torch.zeros(1, dtype=torch.long)
        matched = like.new_zeros(1, 4, MATCHED_WIDTH)
        no_clip, none = like.new_zeros(1, like.shape[-1]), like.new_zeros(1, 1)
        return _Beam(
            taken=index.new_zeros(1, 0),
            logs=torch.zeros(1, 0, dtype=torch.float64),
            clip_top=index,
            snippet_top=index,
            actions=like.new_zeros(1, 4, ACTION_WIDTH),
            matched=matched,
            before_slot=matched,
            slot_clip=index - 1,
            slot_snippet=index - 1,
            clip_sum=no_clip,
            clip_count=none,
            snippet_sum=self.text.new_zeros(1, WIDTH),
            snippet_count=none,
        )

    def _advance(self, beam: _Beam) -> _Beam:
        """The best hypotheses that are longer by one action."""
        logs = self._log_probabilities(beam)  # (K, actions)
        scores = (beam.logs.sum(dim=1, keepdim=True) + logs).flatten()
        chosen = scores.topk(min(self.width, len(scores))).indices
        parent, action = chosen // len(self.action_set), chosen % len(self.action_set)
        grown = self._take(beam.of(parent), action)
        return replace(
            grown,
            taken=torch.cat([grown.taken, action[:, None]], dim=1),
            logs=torch.cat([grown.logs, logs.flatten()[chosen, None]], dim=1),
        )

    def _log_probabilities(self, beam: _Beam) -> Tensor:
        clips, snippets = len(self.video), len(self.text)
        tops = beam.clip_top.numpy(), beam.snippet_top.numpy()
        positional = positional_features(clips - tops[0], snippets - tops[1], clips, snippets)
        if self.inputs is not None:
            positional = np.concatenate([positional, self.inputs.at(*tops, self.number)], axis=1)
        logits = self.network.classify(
            self.video[beam.clip_top],
            self.text[beam.snippet_top],
            beam.actions[:, 0] + beam.actions[:, 2],
            beam.matched[:, 0] + beam.matched[:, 2],
            torch.from_numpy(positional),
        )
        if self.prior is not None:
            logits = logits + torch.from_numpy(self.prior.at(*tops, self.number))
        return logits.double().log_softmax(dim=-1)

    def _take(self, beam: _Beam, action: Tensor) -> _Beam:
        """Every hypothesis after its action (K,)."""
        one_hot = torch.nn.functional.one_hot(action, len(self.action_set)).to(self.video.dtype)
        pops_clip, pops_snippet, matches = (
            torch.from_numpy(self.action_set.table(kind))[action]
            for kind in (POPS_CLIP, POPS_SNIPPET, MATCHES)
        )
        return replace(
            self._match(beam, matches),
            actions=_packed(self.network.action_stack.step(one_hot, _stack_state(beam.actions))),
            clip_top=beam.clip_top + pops_clip,
            snippet_top=beam.snippet_top + pops_snippet,
        )

    def _match(self, beam: _Beam, now: Tensor) -> _Beam:
        """Where ``now`` (K,), write the tops to the Matched Stack.

        A top that the latest match also had extends its slot; otherwise a new slot starts from the state
        after it.
        """
        clip_again, snippet_again = beam.slot_clip == beam.clip_top, beam.slot_snippet == beam.snippet_top
        fresh = now & ~(clip_again | snippet_again)
        before = torch.where(fresh[:, None, None], beam.matched, beam.before_slot)
        clips, clip_count = _added(
            beam.clip_sum, beam.clip_count, self.video[beam.clip_top], fresh, now & ~clip_again
        )
        snippets, snippet_count = _added(
            beam.snippet_sum, beam.snippet_count, self.text[beam.snippet_top], fresh, now & ~snippet_again
        )
        element = torch.cat([clips / clip_count.clamp(min=1), snippets / snippet_count.clamp(min=1)], dim=1)
        after = _packed(self.network.matched_stack.step(element, _stack_state(before)))
        return replace(
            beam,
            matched=torch.where(now[:, None, None], after, beam.matched),
            before_slot=before,
            slot_clip=torch.where(now, beam.clip_top, beam.slot_clip),
            slot_snippet=torch.where(now, beam.snippet_top, beam.slot_snippet),
            clip_sum=clips,
            clip_count=clip_count,
            snippet_sum=snippets,
            snippet_count=snippet_count,
        )


@torch.inference_mode()
def decode_by_beam(
    network: AlignmentNetwork,
    clips: Sequences,
    snippets: Sequences,
    action_set: ActionSet,
    *,
    width: int,
    inputs: PairTables | None = None,
    prior: PairTables | None = None,
) -> list[Decoded]:
    """Decode B videos one after the other, keeping the ``width`` most probable prefixes of equal length.

    The result is the finished sequence whose actions have the greatest mean log-probability, because
    sequences differ in length. A width of 1 is greedy decoding. ``inputs`` and ``prior`` are those of
    :func:`decode_greedily`. Whole sequences are read on the network's device; the search runs on the CPU.
    """
    network.eval()
    video, text = network.read_clips(clips).cpu(), network.read_snippets(snippets).cpu()
    stepper = _for_steps(network)
    decoded = []
    for b, (n, m) in enumerate(zip(clips.lengths.tolist(), snippets.lengths.tolist(), strict=True)):
        search = _Search(stepper, video[b, :n], text[b, :m], action_set, width, b, inputs, prior)
        taken, logs = search.best()
        decoded.append(read_actions(np.array(taken), np.exp(logs), n, m, action_set))
    return decoded


def _for_steps(network: AlignmentNetwork) -> AlignmentNetwork:
    """The network itself on a CPU; from a GPU, a copy on the CPU of the parts that the search steps through.

    A step has about 160 operators on a few numbers each. A GPU would be idle between them, and the program
    would wait for it eight times to learn where the hypotheses are.
    """
    if next(network.parameters()).device.type == "cpu":
        return network
    with torch.device("meta"):
        copy = make_network(network.shape)
    state = network.state_dict()
    parts = {name: value.cpu() for name, value in state.items() if name.startswith(STEPPED)}
    copy.load_state_dict(parts, strict=False, assign=True)
    return copy.eval()


def _added(total: Tensor, count: Tensor, output: Tensor, fresh: Tensor, add: Tensor) -> tuple[Tensor, Tensor]:
    """Add outputs (K, 300) where ``add``, starting from zero where the slot is fresh."""
    total, count = total.masked_fill(fresh[:, None], 0.0), count.masked_fill(fresh[:, None], 0.0)
    return total + output * add[:, None], count + add[:, None]


def _packed(state: StackState) -> Tensor:
    return torch.stack([*state[0], *state[1]], dim=1)  # (K, 4, H)


def _stack_state(packed: Tensor) -> StackState:
    h1, c1, h2, c2 = packed.unbind(dim=1)
    return (h1, c1), (h2, c2)
