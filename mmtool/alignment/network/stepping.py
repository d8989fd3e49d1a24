"""The network one action at a time; everything that does not depend on the actions is computed in advance."""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.lstm import LayerNormLayer, PlainLayer, TwoLayers
from mmtool.alignment.network.model import ACTION_WIDTH, MATCHED_WIDTH, WIDTH, AlignmentNetwork
from mmtool.arrays import Floats32

CONTEXT = ACTION_WIDTH + MATCHED_WIDTH
PAIRS_AT_ONCE = 2**16  # of a clip and a snippet; limits memory

Function = Callable[[Floats32], Floats32]

# σ(x) = ½ tanh(x/2) + ½, so one call of tanh serves all gates, i f g o; g is a tanh itself.
SCALE = np.array([0.5, 0.5, 1.0, 0.5], np.float32)
SHIFT = np.array([0.5, 0.5, 0.0, 0.5], np.float32)


class Stepper:
    """Classifies the states of B videos, and writes to their Action and Matched Stacks.

    The classifier's first layer and the Matched Stack's input projection are linear in the outputs of the
    Video and the Text Stack. Their products with every clip and every snippet are therefore computed at once,
    on the network's device, and a step adds the rows of the tops. (The mean over a slot commutes with the
    projection.) The rest of a step is so small that the overhead of torch's calls would dominate, so it uses
    NumPy.
    """

    def __init__(self, network: AlignmentNetwork, clips: Sequences, snippets: Sequences) -> None:
        video, text = network.read_clips(clips), network.read_snippets(snippets)
        hidden, output = network.classifier_layers
        of_clip, of_snippet, of_rest = hidden.weight.tensor_split(
            [video.shape[-1], video.shape[-1] + WIDTH], dim=1
        )
        gates_of_clip, gates_of_snippet = network.matched_stack.first.weight_ih.tensor_split(
            [video.shape[-1]], dim=1
        )
        self._clips = _rows(functional.linear(video, torch.cat([of_clip, gates_of_clip])))  # (B·N, 300 + 80)
        self._snippets = _rows(functional.linear(text, torch.cat([of_snippet, gates_of_snippet])))
        self._first_clip = np.arange(len(video)) * video.shape[1]
        self._first_snippet = np.arange(len(text)) * text.shape[1]
        self._clips[:, :WIDTH] += _array(hidden.bias)
        self._of_rest = _array(of_rest.t())  # (38 + E, 300)
        self._output, self._bias = _array(output.weight.t()), _array(output.bias)
        self._action_stack, self._matched_stack = _Stack(network.action_stack), _Stack(network.matched_stack)
        self._gates_of_action = _array(network.action_stack.first.weight_ih.t())  # (K, 32)
        self._actions = self._action_stack.zero_state(len(video))
        self._matched = self._before_slot = self._matched_stack.zero_state(len(video))
        gates = (2, len(video), len(gates_of_clip))  # of clips, of snippets
        self._tops, self._sums = np.zeros(gates, np.float32), np.zeros(gates, np.float32)

    def logits(self, clip: NDArray[np.int64], snippet: NDArray[np.int64], rest: Floats32) -> Floats32:
        """The logits (B, K) with these tops (B,) and positional features (B, 10 + E)."""
        clips = self._clips.take(self._first_clip + clip, axis=0)  # (B, 380)
        snippets = self._snippets.take(self._first_snippet + snippet, axis=0)
        self._tops = np.stack([clips[:, WIDTH:], snippets[:, WIDTH:]])  # (2, B, 80)
        state = np.concatenate([self.context, rest], axis=1)  # (B, 38 + E)
        hidden = clips[:, :WIDTH] + snippets[:, :WIDTH] + state @ self._of_rest
        return cast(Floats32, np.maximum(hidden, 0.0) @ self._output + self._bias)

    @property
    def context(self) -> Floats32:
        """The outputs (B, 28) of the Action and the Matched Stack, which depend on the actions so far."""
        return np.concatenate([_output(self._actions), _output(self._matched)], axis=1)

    def logits_of_pairs(self, video: int, context: Floats32, pairs: Floats32) -> Floats32:
        """The logits (N, M, K) with every pair of one video's clips and snippets on top.

        ``context`` (N, 28) is the one before each clip, ``pairs`` (N, M, 10 + E) are the positional features.
        """
        clips, snippets = pairs.shape[:2]
        of_clips = self._clips[self._first_clip[video] :][:clips, :WIDTH] + context @ self._of_rest[:CONTEXT]
        of_snippets = self._snippets[self._first_snippet[video] :][:snippets, :WIDTH]
        logits = np.empty((clips, snippets, len(self._bias)), np.float32)
        rows = max(1, PAIRS_AT_ONCE // snippets)
        for first in range(0, clips, rows):
            some = slice(first, first + rows)
            hidden = of_clips[some, None] + of_snippets + pairs[some] @ self._of_rest[CONTEXT:]
            logits[some] = np.maximum(hidden, 0.0) @ self._output + self._bias
        return logits

    def take(self, action: NDArray[np.int64]) -> None:
        """Put the actions (B,) on the Action Stack."""
        self._actions = self._action_stack.step(self._gates_of_action[action], self._actions)

    def match(
        self,
        now: NDArray[np.bool_],
        fresh: NDArray[np.bool_],
        joins: NDArray[np.bool_],
        counts: NDArray[np.int64],
    ) -> None:
        """Write the tops of the latest :meth:`logits` to the Matched Stack where ``now`` (B,).

        ``fresh`` (B,) is true where they start a slot, ``joins`` (2, B) where the clip and the snippet are
        new to it; ``counts`` (2, B) is how many of each it then holds.
        """
        if not now.any():
            return
        starts = fresh[:, None]
        self._before_slot = np.where(starts, self._matched, self._before_slot)
        self._sums = np.where(starts, np.float32(0), self._sums) + self._tops * joins[..., None]
        shares = (1.0 / np.maximum(counts, 1)).astype(np.float32)[..., None]
        clip_mean, snippet_mean = self._sums * shares  # (B, 80) each
        after = self._matched_stack.step(clip_mean + snippet_mean, self._before_slot)
        self._matched = np.where(now[:, None], after, self._matched)


class _Stack:
    """:class:`TwoLayers` in NumPy; a state (4, B, H) is the hidden and the cell of each layer."""

    def __init__(self, layers: TwoLayers) -> None:
        self._first, self._second = _Layer(layers.first), _Layer(layers.second)
        self._to_second = _array(layers.second.weight_ih.t())
        self._hidden = layers.hidden

    def zero_state(self, batch: int) -> Floats32:
        return np.zeros((4, batch, self._hidden), np.float32)

    def step(self, projected: Floats32, state: Floats32) -> Floats32:
        """The next state, from inputs (B, 4H) to which the first layer's ``W_x`` was applied, and a state."""
        after = np.empty_like(state)
        after[:2] = self._first.step(projected, *state[:2])
        after[2:] = self._second.step(after[0] @ self._to_second, *state[2:])
        return after


class _Layer:
    """An LSTM layer in NumPy: Eqs. 1–3, or 11–12 with layer norm."""

    def __init__(self, layer: PlainLayer | LayerNormLayer) -> None:
        self._weight = _array(layer.weight_hh.t())  # (H, 4H)
        self._scale = np.repeat(SCALE, layer.hidden)
        self._shift = np.repeat(SHIFT, layer.hidden)
        if isinstance(layer, LayerNormLayer):
            self._of_input, self._of_hidden, self._of_cell = map(
                _layer_norm, (layer.norm_input, layer.norm_hidden, layer.norm_cell)
            )
        else:
            bias = _array(torch.stack(layer.biases).sum(dim=0))
            self._of_input, self._of_hidden, self._of_cell = (lambda x: x + bias), _unchanged, _unchanged

    def step(self, projected: Floats32, hidden: Floats32, cell: Floats32) -> tuple[Floats32, Floats32]:
        gates = self._of_input(projected) + self._of_hidden(hidden @ self._weight)  # (B, 4H)
        i, f, g, o = np.split(np.tanh(gates * self._scale) * self._scale + self._shift, 4, axis=1)
        cell = self._of_cell(f * cell + i * g)
        return o * np.tanh(cell), cell


def _layer_norm(norm: nn.LayerNorm) -> Function:
    weight, bias, eps = _array(norm.weight), _array(norm.bias), norm.eps

    def normalised(x: Floats32) -> Floats32:
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = np.square(centred).mean(axis=-1, keepdims=True)
        return cast(Floats32, centred / np.sqrt(variance + eps) * weight + bias)

    return normalised


def _unchanged(x: Floats32) -> Floats32:
    return x


def _output(state: Floats32) -> Floats32:
    """The sum (B, H) of both layers' hidden states."""
    return cast(Floats32, state[0] + state[2])


def _rows(terms: Tensor) -> Floats32:
    """(B, L, P) → (B·L, P)."""
    return _array(terms.flatten(0, 1))


def _array(tensor: Tensor) -> Floats32:
    return np.ascontiguousarray(tensor.detach().cpu().numpy())
