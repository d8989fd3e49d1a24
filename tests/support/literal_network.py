"""The transition system, step by step, as the paper describes it: slow, and the oracle of the fast one.

It reads only the parameters of an :class:`AlignmentNetwork`; every formula is written again here.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.choices import Action, Inputs, Normalisation

CONSUMES_CLIP = {Action.POP_VIDEO, Action.MATCH, Action.MATCH_RETAIN_TEXT}
CONSUMES_SNIPPET = {Action.POP_TEXT, Action.MATCH, Action.MATCH_RETAIN_VIDEO}
MATCHING = {Action.MATCH, Action.MATCH_RETAIN_TEXT, Action.MATCH_RETAIN_VIDEO}


def layer_norm(x: Tensor, norm: torch.nn.LayerNorm) -> Tensor:
    mean = x.mean()
    variance = ((x - mean) ** 2).mean()
    return (x - mean) / torch.sqrt(variance + 1e-5) * norm.weight + norm.bias


def cell(layer, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """One step of one layer for one element: Eqs. 1–3, or 11–12 with layer norm."""
    if hasattr(layer, "lstm"):
        p = layer.lstm
        gates = p.weight_ih_l0 @ x + p.bias_ih_l0 + p.weight_hh_l0 @ h + p.bias_hh_l0
    else:
        gates = layer_norm(layer.weight_ih @ x, layer.norm_input)
        gates = gates + layer_norm(layer.weight_hh @ h, layer.norm_hidden)
    size = len(h)
    i, f = torch.sigmoid(gates[:size]), torch.sigmoid(gates[size : 2 * size])
    g, o = torch.tanh(gates[2 * size : 3 * size]), torch.sigmoid(gates[3 * size :])
    c = f * c + i * g
    if not hasattr(layer, "lstm"):
        c = layer_norm(c, layer.norm_cell)
    return o * torch.tanh(c), c


class Stack:
    """Two layers that start at zero."""

    def __init__(self, layers) -> None:
        self.layers = layers
        zero = torch.zeros(layers.hidden)
        self.state = (zero, zero, zero, zero)

    def after(self, x: Tensor, state=None):
        h1, c1, h2, c2 = state or self.state
        h1, c1 = cell(self.layers.first, x, h1, c1)
        h2, c2 = cell(self.layers.second, h1, h2, c2)
        return (h1, c1, h2, c2)

    def output(self) -> Tensor:
        return self.state[0] + self.state[2]


def encode(encoder, x: Tensor, shape) -> Tensor:
    for number, dense in enumerate(encoder):
        linear = dense[0]
        bias_free = number == 0 and shape.inputs is Inputs.FULL
        x = torch.relu(linear.weight @ x + (0 if bias_free else linear.bias))
    return x


def stack_outputs(stack, features: list[Tensor]) -> list[Tensor]:
    """Second layer's hidden states of one sequence, read from its end to its start."""
    runner = Stack(stack.layers)
    outputs = []
    for x in reversed(features):
        runner.state = runner.after(x)
        outputs.append(runner.state[2])
    return outputs[::-1]


def sequence_batch_norm(norm, sequences: list[list[Tensor]], training: bool) -> list[list[Tensor]]:
    elements = [x for sequence in sequences for x in sequence]
    mean, variance = norm.norm.running_mean, norm.norm.running_var
    if training:
        mean = sum(elements) / len(elements)
        variance = sum((x - mean) ** 2 for x in elements) / len(elements)
    scale = norm.norm.weight / torch.sqrt(variance + 1e-5)
    return [[(x - mean) * scale + norm.norm.bias for x in sequence] for sequence in sequences]


def read(network: AlignmentNetwork, clips: list[Tensor], snippets: list[Tensor], training: bool):
    """Features of each sample → normalised outputs of the Video and the Text Stack."""
    shape = network.shape
    video = [
        stack_outputs(network.video_stack, [encode(network.video_encoder, x, shape) for x in c])
        for c in clips
    ]
    text = [
        stack_outputs(network.text_stack, [encode(network.text_encoder, x, shape) for x in s])
        for s in snippets
    ]
    if shape.normalisation is Normalisation.SBN:
        video = sequence_batch_norm(network.video_stack.norm, video, training)
        text = sequence_batch_norm(network.text_stack.norm, text, training)
    return video, text


@dataclass
class Slot:
    """The topmost element of the Matched Stack."""

    before: tuple
    clips: list[int] = field(default_factory=list)
    snippets: list[int] = field(default_factory=list)


class Episode:
    """One sample: two stacks to consume, two stacks of what was done.

    ``pairs[i][j]`` is what the network reads of clip i and snippet j on top beside the positional
    features, ``prior[i][j]`` what is added to the logits then.
    """

    def __init__(
        self,
        network: AlignmentNetwork,
        video: list[Tensor],
        text: list[Tensor],
        actions,
        pairs=None,
        prior=None,
    ) -> None:
        self.network, self.video, self.text, self.action_names = network, video, text, actions
        self.pairs, self.prior = pairs, prior
        self.i = self.j = 0
        self.actions, self.matched = Stack(network.action_stack), Stack(network.matched_stack)
        self.slot: Slot | None = None
        self.matches: list[tuple[int, int]] = []

    @property
    def over(self) -> bool:
        return self.i >= len(self.video) or self.j >= len(self.text)

    def logits(self) -> Tensor:
        total_n, total_m = len(self.video), len(self.text)
        a, b = max(total_n - self.i, 1), max(total_m - self.j, 1)
        big_a, big_b = total_n + 1, total_m + 1
        shares = a / big_a, b / big_b, big_a / a, big_b / b
        ratios = a / b, b / a, (big_a - a) / (big_b - b), (big_b - b) / (big_a - a)
        positional = torch.tensor([a, b, *shares, *ratios])
        i, j = min(self.i, total_n - 1), min(self.j, total_m - 1)
        parts = [self.video[i], self.text[j], self.actions.output(), self.matched.output(), positional]
        if self.pairs is not None:
            parts.append(self.pairs[i][j])
        state = torch.cat(parts)
        hidden, out = self.network.classifier[0][0], self.network.classifier[1]
        logits = out.weight @ torch.relu(hidden.weight @ state + hidden.bias) + out.bias
        return logits if self.prior is None else logits + self.prior[i][j]

    def take(self, number: int) -> None:
        action = self.action_names[number]
        one_hot = torch.zeros(len(self.action_names))
        one_hot[number] = 1
        self.actions.state = self.actions.after(one_hot)
        if action in MATCHING:
            self._match(min(self.i, len(self.video) - 1), min(self.j, len(self.text) - 1))
        self.i += action in CONSUMES_CLIP
        self.j += action in CONSUMES_SNIPPET

    def _match(self, clip: int, snippet: int) -> None:
        self.matches.append((clip, snippet))
        if self.slot is None or not (clip == self.slot.clips[-1] or snippet == self.slot.snippets[-1]):
            self.slot = Slot(before=self.matched.state)
        if clip not in self.slot.clips:
            self.slot.clips.append(clip)
        if snippet not in self.slot.snippets:
            self.slot.snippets.append(snippet)
        mean_clip = sum(self.video[k] for k in self.slot.clips) / len(self.slot.clips)
        mean_snippet = sum(self.text[k] for k in self.slot.snippets) / len(self.slot.snippets)
        self.matched.state = self.matched.after(torch.cat([mean_clip, mean_snippet]), self.slot.before)


def teacher_forced_logits(
    network, clips, snippets, gold, actions, *, training: bool, pairs=None
) -> list[Tensor]:
    """For each sample the logits (T, K) given its gold actions."""
    video, text = read(network, clips, snippets, training)
    results = []
    for v, s, sequence, known in zip(video, text, gold, pairs or [None] * len(gold), strict=True):
        episode = Episode(network, v, s, actions, known)
        logits = []
        for action in sequence:
            logits.append(episode.logits())
            episode.take(int(action))
        results.append(torch.stack(logits))
    return results


def greedy(
    network, clips, snippets, actions, pairs=None, prior=None
) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """For each sample the actions taken and the matches made."""
    results = []
    nothing = [None] * len(clips)
    with torch.no_grad():
        video, text = read(network, clips, snippets, training=False)
        for v, s, known, weighs in zip(video, text, pairs or nothing, prior or nothing, strict=True):
            episode, taken = Episode(network, v, s, actions, known, weighs), []
            while not episode.over:
                taken.append(int(episode.logits().argmax()))
                episode.take(taken[-1])
            results.append((taken, episode.matches))
    return results
