"""The alignment network: NeuMATCH with SBN or layer norm (paper, Sections 3.1–3.5).

Under teacher forcing every state is known in advance, so a whole batch of sequences takes one pass: the
stacks run over whole sequences, and the state before each action is gathered from them.
"""

from dataclasses import asdict, dataclass
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.batch_norm import SequenceBatchNorm
from mmtool.alignment.network.lstm import StackState, TwoLayers
from mmtool.alignment.network.time_inputs import POSTERIOR_COLUMNS, TIME_COLUMNS
from mmtool.alignment.network.trace import POSITIONAL
from mmtool.choices import Inputs, Normalisation
from mmtool.fusion_choices import Fusion

WIDTH = 300  # of the encoders and of the Video and Text Stacks
ACTION_WIDTH = 8
MATCHED_WIDTH = 20
OF_SOURCES = ("sources", "fusion", "fusion_layers", "heads")  # fields of the shape


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Everything that determines the parameters of the network.

    With several ``sources`` of a clip, whose columns follow each other in its features, the network is a
    :class:`~mmtool.alignment.network.branches.FusedNetwork`.
    """

    video_dimension: int
    text_dimension: int
    actions: int
    inputs: Inputs = Inputs.RP
    normalisation: Normalisation = Normalisation.SBN
    dropout: float = 0.0
    lstm_dropout: float = 0.0
    time_features: bool = False  # besides the positional ones; the published network has none
    posterior: bool = False  # of the semi-Markov model; the published network has none
    sources: tuple[int, ...] = ()  # the columns of each source of a clip; none if there is one source
    fusion: Fusion = Fusion.LATE
    fusion_layers: int = 2
    heads: bool = False  # whether each source also has a classifier of its own

    def __post_init__(self) -> None:
        if self.sources and (len(self.sources) < 2 or sum(self.sources) != self.video_dimension):
            raise ValueError(f"{self.video_dimension} columns of sources {self.sources}")

    def to_dict(self) -> dict[str, object]:
        """Plain values; those about sources only where there are several."""
        values = asdict(self)
        if not self.sources:
            return {name: value for name, value in values.items() if name not in OF_SOURCES}
        return values | {"sources": list(self.sources)}

    @property
    def clip_width(self) -> int:
        """The width of what is read of a clip."""
        unfused = self.sources and self.fusion is not Fusion.MID and self.fusion_layers == 0
        return WIDTH * len(self.sources) if unfused else WIDTH

    @property
    def time_inputs(self) -> int:
        return len(TIME_COLUMNS) * self.time_features + len(POSTERIOR_COLUMNS) * self.posterior


class SequenceStack(nn.Module):
    """The Video or the Text Stack: two LSTM layers that run backward in time.

    The state of an element depends on everything below it, so the top depends on the whole sequence.
    """

    def __init__(self, shape: NetworkShape, inputs: int = WIDTH) -> None:
        super().__init__()
        self.layers = TwoLayers(
            inputs=inputs,
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


def dense(inputs: int, outputs: int, dropout: float, *, bias: bool = True) -> nn.Sequential:
    """A fully connected layer with ReLU and dropout."""
    return nn.Sequential(linear(inputs, outputs, bias=bias), nn.ReLU(), nn.Dropout(dropout))


def linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """Weights are initialised Kaiming-normal, biases N(0, 0.1²)."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    nn.init.kaiming_normal_(layer.weight)
    if bias:
        nn.init.normal_(layer.bias, std=0.1)
    return layer


def encoder(dimension: int, layers: int, shape: NetworkShape) -> nn.Sequential:
    """Fully connected layers of 300; full features first pass one without bias, the trainable projection."""
    if shape.inputs is Inputs.FULL:
        first = dense(dimension, WIDTH, shape.dropout, bias=False)
        return nn.Sequential(first, *(dense(WIDTH, WIDTH, shape.dropout) for _ in range(layers)))
    widths = [dimension] + [WIDTH] * (layers - 1)
    return nn.Sequential(*(dense(width, WIDTH, shape.dropout) for width in widths))


class ActionHead(nn.Module):
    """From the outputs of the Video and the Text Stack to actions: two further stacks and the classifier."""

    def make_head(self, shape: NetworkShape, clip_width: int) -> None:
        """Add the Action Stack, the Matched Stack and the classifier."""
        self.actions = shape.actions
        all_norm = shape.normalisation is Normalisation.LN4
        self.action_stack = TwoLayers(
            inputs=shape.actions, hidden=ACTION_WIDTH, layer_norm=all_norm, dropout=shape.lstm_dropout
        )
        self.matched_stack = TwoLayers(
            inputs=clip_width + WIDTH, hidden=MATCHED_WIDTH, layer_norm=all_norm, dropout=shape.lstm_dropout
        )
        state = clip_width + WIDTH + ACTION_WIDTH + MATCHED_WIDTH + POSITIONAL + shape.time_inputs
        self.classifier = nn.Sequential(dense(state, WIDTH, shape.dropout), linear(WIDTH, shape.actions))

    @property
    def classifier_layers(self) -> tuple[nn.Linear, nn.Linear]:
        """The hidden and the output layer."""
        dense, output = cast(tuple[nn.Sequential, nn.Linear], tuple(self.classifier))
        return cast(nn.Linear, dense[0]), output

    def classify(
        self, clip: Tensor, snippet: Tensor, action: Tensor, matched: Tensor, positional: Tensor
    ) -> Tensor:
        """The five parts of the state (…, 300 | 300 | 8 | 20 | 10) → logits (…, K)."""
        logits: Tensor = self.classifier(torch.cat([clip, snippet, action, matched, positional], dim=-1))
        return logits

    def logits(self, video: Tensor, text: Tensor, traces: Traces) -> Tensor:
        """Outputs of the stacks (B, N, 300) and (B, M, 300) → logits (B, T, K), with teacher forcing."""
        return self.classify(
            _gather(video, traces.clip_top),
            _gather(text, traces.snippet_top),
            self._action_outputs(traces),
            self._matched_outputs(video, text, traces),
            traces.positional,
        )

    def _action_outputs(self, traces: Traces) -> Tensor:
        """(B, T, 8): both layers' hidden states, summed, after the actions before each step."""
        one_hot = nn.functional.one_hot(traces.actions.clamp(min=0), self.actions)
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


class AlignmentNetwork(ActionHead):
    """Classifies the state of four stacks into the next action."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.video_encoder = self.make_video_encoder(shape)
        self.text_encoder = encoder(shape.text_dimension, 1, shape)
        self.video_stack = self.make_video_stack(shape)
        self.text_stack = SequenceStack(shape)
        self.make_head(shape, shape.clip_width)

    def make_video_encoder(self, shape: NetworkShape) -> nn.Module:
        """What encodes the features of clips."""
        return encoder(shape.video_dimension, 2, shape)

    def make_video_stack(self, shape: NetworkShape) -> nn.Module:
        """What reads encoded clips as a sequence."""
        return SequenceStack(shape)

    def read_clips(self, clips: Sequences) -> Tensor:
        """Features (B, N, D) → normalised Video-Stack outputs (B, N, 300)."""
        encoded: Tensor = self.video_stack(Sequences(self.video_encoder(clips.features), clips.lengths))
        return encoded

    def read_snippets(self, snippets: Sequences) -> Tensor:
        """Features (B, M, D) → normalised Text-Stack outputs (B, M, 300)."""
        encoded: Tensor = self.text_stack(Sequences(self.text_encoder(snippets.features), snippets.lengths))
        return encoded

    def forward(self, clips: Sequences, snippets: Sequences, traces: Traces) -> Tensor:
        """Teacher forcing: logits (B, T, K) of each action given the gold actions before it."""
        return self.logits(self.read_clips(clips), self.read_snippets(snippets), traces)


def _gather(elements: Tensor, index: Tensor) -> Tensor:
    """(B, L, P) and (B, T) → (B, T, P); whole rows at once, which torch.gather would not take."""
    batch, length, width = elements.shape
    first = torch.arange(batch, device=index.device)[:, None] * length
    rows = elements.reshape(batch * length, width).index_select(0, (first + index).flatten())
    return rows.view(batch, -1, width)


def parameter_count(network: nn.Module) -> int:
    """The number of trainable parameters."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)
