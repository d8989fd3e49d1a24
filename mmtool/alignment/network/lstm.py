"""Two LSTM layers, plain or layer-normalised, over whole sequences or one step at a time."""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

LayerState = tuple[Tensor, Tensor]  # hidden (B, H) and cell (B, H)
StackState = tuple[LayerState, LayerState]


class PlainLayer(nn.Module):
    """An LSTM layer (paper, Eqs. 1–3), gate order i f g o.

    ``W_x`` is initialised Xavier-normal, ``W_h`` orthogonal, biases N(0, 0.1²), both forget-gate biases 1.
    """

    def __init__(self, *, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.lstm = nn.LSTM(inputs, hidden, batch_first=True)
        nn.init.xavier_normal_(self.weight_ih)
        nn.init.orthogonal_(self.weight_hh)
        for bias in self.biases:
            nn.init.normal_(bias, std=0.1)
            nn.init.ones_(bias[hidden : 2 * hidden])

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T, D) → hidden states (B, T, H), from a zero state."""
        return cast(Tensor, self.lstm(inputs)[0])

    def step(self, inputs: Tensor, state: LayerState) -> LayerState:
        """(B, D) and a state → the next state."""
        return torch.lstm_cell(inputs, state, *self.lstm.all_weights[0])

    @property
    def weight_ih(self) -> Tensor:
        """``W_x`` (4H, D)."""
        return cast(Tensor, self.lstm.weight_ih_l0)

    @property
    def weight_hh(self) -> Tensor:
        """``W_h`` (4H, H)."""
        return cast(Tensor, self.lstm.weight_hh_l0)

    @property
    def biases(self) -> tuple[Tensor, Tensor]:
        """(4H,) each; only their sum matters."""
        return cast(Tensor, self.lstm.bias_ih_l0), cast(Tensor, self.lstm.bias_hh_l0)


class LayerNormLayer(nn.Module):
    """An LSTM layer without biases, LayerNorm on W_x x, on W_h h and on the cell (Eqs. 11–12)."""

    def __init__(self, *, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.weight_ih = nn.Parameter(nn.init.xavier_normal_(torch.empty(4 * hidden, inputs)))
        self.weight_hh = nn.Parameter(nn.init.orthogonal_(torch.empty(4 * hidden, hidden)))
        self.norm_input = nn.LayerNorm(4 * hidden)
        self.norm_hidden = nn.LayerNorm(4 * hidden)
        self.norm_cell = nn.LayerNorm(hidden)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T, D) → hidden states (B, T, H), from a zero state."""
        from_inputs = self.norm_input(functional.linear(inputs, self.weight_ih))  # (B, T, 4H)
        state = zero_layer_state(len(inputs), self.hidden, inputs)
        hidden = []
        for gates in from_inputs.unbind(dim=1):
            state = self._advance(gates, state)
            hidden.append(state[0])
        return torch.stack(hidden, dim=1)

    def step(self, inputs: Tensor, state: LayerState) -> LayerState:
        """(B, D) and a state → the next state."""
        return self._advance(self.norm_input(functional.linear(inputs, self.weight_ih)), state)

    def _advance(self, from_inputs: Tensor, state: LayerState) -> LayerState:
        hidden, cell = state
        gates = from_inputs + self.norm_hidden(functional.linear(hidden, self.weight_hh))
        i, f, g, o = gates.chunk(4, dim=-1)
        cell = self.norm_cell(f.sigmoid() * cell + i.sigmoid() * g.tanh())
        return o.sigmoid() * cell.tanh(), cell


def zero_layer_state(batch: int, hidden: int, like: Tensor) -> LayerState:
    """The state before the first element."""
    return like.new_zeros(batch, hidden), like.new_zeros(batch, hidden)


class TwoLayers(nn.Module):
    """Two LSTM layers on top of each other; ``dropout`` acts between them."""

    def __init__(self, *, inputs: int, hidden: int, layer_norm: bool, dropout: float) -> None:
        super().__init__()
        kind = LayerNormLayer if layer_norm else PlainLayer
        self.hidden = hidden
        self.first = kind(inputs=inputs, hidden=hidden)
        self.second = kind(inputs=hidden, hidden=hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, D) → hidden states of both layers, (B, T, H) each."""
        below = self.first(inputs)
        return below, self.second(self.dropout(below))

    def zero_state(self, batch: int, like: Tensor) -> StackState:
        first = zero_layer_state(batch, self.hidden, like)
        return first, zero_layer_state(batch, self.hidden, like)

    def step(self, inputs: Tensor, state: StackState) -> StackState:
        """(B, D) and a state → the next state of both layers."""
        first = self.first.step(inputs, state[0])
        return first, self.second.step(self.dropout(first[0]), state[1])
