"""The alignment network: NeuMATCH with SBN or layer norm (paper, Sections 3.1–3.5).

Under teacher forcing every state is known in advance, so a whole batch of sequences takes one pass: the
stacks run over whole sequences, and the state before each action is gathered from them.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.batch_norm import SequenceBatchNorm
from mmtool.alignment.network.lstm import StackState, TwoLayers
from mmtool.alignment.network.time_inputs import POSTERIOR_COLUMNS, TIME_COLUMNS
from mmtool.alignment.network.trace import POSITIONAL
from mmtool.choices import Inputs, Normalisation

WIDTH = 300  # of the encoders and of the Video and Text Stacks
ACTION_WIDTH = 8
MATCHED_WIDTH = 20


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Everything that determines the parameters of the network."""

    video_dimension: int
    text_dimension: int
    actions: int
    inputs: Inputs = Inputs.RP
    normalisation: Normalisation = Normalisation.SBN
    dropout: float = 0.0
    lstm_dropout: float = 0.0
    time_features: bool = False  # besides the positional ones; the published network has none
    posterior: bool = False  # of the semi-Markov model; the published network has none

    @property
    def time_inputs(self) -> int:
        return len(TIME_COLUMNS) * self.time_features + len(POSTERIOR_COLUMNS) * self.posterior


class SequenceStack(nn.Module):
    """The Video or the Text Stack: two LSTM layers that run backward in time.

    The state of an element depends on everything below it, so the top depends on the whole sequence.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.layers = TwoLayers(
            inputs=WIDTH,
            hidden=WIDTH,
            layer_norm=shape.normalisation in (Normalisation.LN2, Normalisation.LN4),
            dropout=shape.lstm_dropout,
        )
        self.norm = SequenceBatchNorm(WIDTH) if shape.normalisation is Normalisation.SBN else None

    def forward(self, sequences: Sequences) -> Tensor:
        """(B, L, 300) → the second layer's hidden states, normalised, (B, L, 300)."""
        lengths = sequences.lengths[:, None]
        steps = torch.arange(sequences.features.shape[1], device=lengths.device)
        backward = torch.where(steps < lengths, lengths - 1 - steps, steps)  # its own inverse
        _, hidden = self.layers(_gather(sequences.features, backward))
        hidden = _gather(hidden, backward)
        if self.norm is not None:
            hidden = self.norm(hidden, sequences.mask())
        return cast(Tensor, hidden)


def _dense(inputs: int, outputs: int, dropout: float, *, bias: bool = True) -> nn.Sequential:
    return nn.Sequential(_linear(inputs, outputs, bias=bias), nn.ReLU(), nn.Dropout(dropout))


def _linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """Weights are initialised Kaiming-normal, biases N(0, 0.1²)."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.kaiming_normal_(layer.weight)
    if bias:
        nn.init.normal_(layer.bias, std=0.1)
    return layer


def _encoder(dimension: int, layers: int, shape: NetworkShape) -> nn.Sequential:
    """Fully connected layers of 300; full features first pass one without bias, the trainable projection."""
    if shape.inputs is Inputs.FULL:
        first = _dense(dimension, WIDTH, shape.dropout, bias=False)
        return nn.Sequential(first, *(_dense(WIDTH, WIDTH, shape.dropout) for _ in range(layers)))
    widths = [dimension] + [WIDTH] * (layers - 1)
    return nn.Sequential(*(_dense(width, WIDTH, shape.dropout) for width in widths))


class AlignmentNetwork(nn.Module):
    """Classifies the state of four stacks into the next action."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        all_norm = shape.normalisation is Normalisation.LN4
        self.video_encoder = _encoder(shape.video_dimension, 2, shape)
        self.text_encoder = _encoder(shape.text_dimension, 1, shape)
        self.video_stack = SequenceStack(shape)
        self.text_stack = SequenceStack(shape)
        self.action_stack = TwoLayers(
            inputs=shape.actions, hidden=ACTION_WIDTH, layer_norm=all_norm, dropout=shape.lstm_dropout
        )
        self.matched_stack = TwoLayers(
            inputs=2 * WIDTH, hidden=MATCHED_WIDTH, layer_norm=all_norm, dropout=shape.lstm_dropout
        )
        state = 2 * WIDTH + ACTION_WIDTH + MATCHED_WIDTH + POSITIONAL + shape.time_inputs
        self.classifier = nn.Sequential(_dense(state, WIDTH, shape.dropout), _linear(WIDTH, shape.actions))

    @property
    def classifier_layers(self) -> tuple[nn.Linear, nn.Linear]:
        """The hidden and the output layer."""
        dense, output = cast(tuple[nn.Sequential, nn.Linear], tuple(self.classifier))
        return cast(nn.Linear, dense[0]), output

    def read_clips(self, clips: Sequences) -> Tensor:
        """Features (B, N, D) → normalised Video-Stack outputs (B, N, 300)."""
        encoded: Tensor = self.video_stack(Sequences(self.video_encoder(clips.features), clips.lengths))
        return encoded

    def read_snippets(self, snippets: Sequences) -> Tensor:
        """Features (B, M, D) → normalised Text-Stack outputs (B, M, 300)."""
        encoded: Tensor = self.text_stack(Sequences(self.text_encoder(snippets.features), snippets.lengths))
        return encoded

    def classify(
        self, clip: Tensor, snippet: Tensor, action: Tensor, matched: Tensor, positional: Tensor
    ) -> Tensor:
        """The five parts of the state (…, 300 | 300 | 8 | 20 | 10) → logits (…, K)."""
        logits: Tensor = self.classifier(torch.cat([clip, snippet, action, matched, positional], dim=-1))
        return logits

    def forward(self, clips: Sequences, snippets: Sequences, traces: Traces) -> Tensor:
        """Teacher forcing: logits (B, T, K) of each action given the gold actions before it."""
        video, text = self.read_clips(clips), self.read_snippets(snippets)
        return self.classify(
            _gather(video, traces.clip_top),
            _gather(text, traces.snippet_top),
            self._action_outputs(traces),
            self._matched_outputs(video, text, traces),
            traces.positional,
        )

    def _action_outputs(self, traces: Traces) -> Tensor:
        """(B, T, 8): both layers' hidden states, summed, after the actions before each step."""
        one_hot = nn.functional.one_hot(traces.actions.clamp(min=0), self.shape.actions)
        first, second = self.action_stack(one_hot.to(traces.positional.dtype))
        return nn.functional.pad((first + second)[:, :-1], (0, 0, 1, 0))

    def _matched_outputs(self, video: Tensor, text: Tensor, traces: Traces) -> Tensor:
        """(B, T, 20): both layers' hidden states, summed, after the matches before each step.

        The element of a slot is recomputed with each further match from the state before that slot: a chain
        over finished slots, then one step for the partial slots of all matches at once.
        """
        batch, steps = traces.actions.shape
        if traces.slot_end.shape[1] == 0:
            return video.new_zeros(batch, steps, MATCHED_WIDTH)
        elements = torch.cat([traces.clip_share @ video, traces.snippet_share @ text], dim=-1)  # (B, T, 600)
        before = self._slot_states(_gather(elements, traces.slot_end))
        flat = torch.arange(batch, device=video.device)[:, None], traces.slot
        state: StackState = (
            (before[0][flat].flatten(0, 1), before[1][flat].flatten(0, 1)),  # (B·T, 20)
            (before[2][flat].flatten(0, 1), before[3][flat].flatten(0, 1)),
        )
        first, second = self.matched_stack.step(elements.flatten(0, 1), state)
        after = (first[0] + second[0]).view(batch, steps, MATCHED_WIDTH)
        matched = _gather(after, traces.last_match.clamp(min=0))
        return matched * (traces.last_match >= 0)[..., None]

    def _slot_states(self, elements: Tensor) -> tuple[Tensor, ...]:
        """Elements (B, K, 600) → h₁, c₁, h₂, c₂ before each slot, (B, K, 20) each."""
        state = self.matched_stack.zero_state(len(elements), elements)
        before = []
        for element in elements.unbind(dim=1):
            before.append((*state[0], *state[1]))
            state = self.matched_stack.step(element, state)
        return tuple(torch.stack(part, dim=1) for part in zip(*before, strict=True))


def _gather(elements: Tensor, index: Tensor) -> Tensor:
    """(B, L, P) and (B, T) → (B, T, P); whole rows at once, which torch.gather would not take."""
    batch, length, width = elements.shape
    first = torch.arange(batch, device=index.device)[:, None] * length
    rows = elements.reshape(batch * length, width).index_select(0, (first + index).flatten())
    return rows.view(batch, -1, width)


def parameter_count(network: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
