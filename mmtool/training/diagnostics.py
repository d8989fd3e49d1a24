"""What an epoch reveals about the network besides its loss (paper, Fig. 4, Table 3 and Fig. 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import Sequences
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.training.processes import Processes

DRIFT_DIMENSIONS = 50  # of a stack's output, as the paper plots
DIGITS = 6  # significant digits that are stored


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One epoch's ratios, and means and variances of the stacks' outputs in training mode.

    ``ratios`` holds ``‖w‖ / ‖∇w‖`` by component: the norm of all its parameters at the end of the epoch
    (including γ and β of its normalisation), divided by the mean over the epoch's batches of the norm of its
    gradient before clipping; None if no gradient reached it. The norm is that of each batch's gradient, not
    of the epoch's mean gradient, because the paper attributes low ratios to the noise of batches.
    ``means`` and ``variances`` (50 each) are over all real elements of the epoch, by stack.
    """

    ratios: dict[str, float | None] = field(default_factory=dict)
    means: dict[str, list[float]] = field(default_factory=dict)
    variances: dict[str, list[float]] = field(default_factory=dict)


class Diagnostics:
    """Observes one epoch of training within a ``with`` block, without changing it."""

    def __init__(self, network: AlignmentNetwork, processes: Processes) -> None:
        self._processes = processes
        self._components: dict[str, list[nn.Parameter]] = {
            "video_stack": [*network.video_stack.parameters()],
            "text_stack": [*network.text_stack.parameters()],
            "action_and_matched_stacks": [
                *network.action_stack.parameters(),
                *network.matched_stack.parameters(),
            ],
            "classifier": [*network.classifier.parameters()],
        }
        self._stacks = {"video_stack": network.video_stack, "text_stack": network.text_stack}
        device = next(network.parameters()).device
        self._moments = {name: _Moments(device) for name in self._stacks}
        self._gradients: dict[str, list[Tensor]] = {name: [] for name in self._components}
        self._hooks: list[torch.utils.hooks.RemovableHandle] = []

    def __enter__(self) -> "Diagnostics":
        for name, stack in self._stacks.items():
            self._hooks.append(stack.register_forward_hook(self._moments[name].see))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hook in self._hooks:
            hook.remove()

    def see_gradients(self) -> None:
        """Record the gradients of a batch, which must be summed over processes but not yet clipped."""
        for name, parameters in self._components.items():
            gradients = [p.grad for p in parameters if p.grad is not None]
            self._gradients[name].append(_norm(gradients, parameters[0].device))

    def diagnosis(self) -> Diagnosis:
        """The diagnosis over all processes, rounded to six significant digits; call it in each process."""
        for moments in self._moments.values():
            moments.merge(self._processes)
        return Diagnosis(
            ratios={name: self._ratio(name) for name in self._components},
            means={name: _rounded(moments.mean) for name, moments in self._moments.items()},
            variances={name: _rounded(moments.variance) for name, moments in self._moments.items()},
        )

    def _ratio(self, name: str) -> float | None:
        gradient = torch.stack(self._gradients[name]).mean().item()
        parameters = self._components[name]
        weight = _norm([parameter.detach() for parameter in parameters], parameters[0].device).item()
        return _round(weight / gradient) if gradient else None


class _Moments:
    """Mean and variance of the first dimensions, merged batch by batch (Chan et al. 1979)."""

    def __init__(self, device: torch.device) -> None:
        self.count = torch.zeros((), dtype=torch.float64, device=device)
        self.mean = torch.zeros(DRIFT_DIMENSIONS, dtype=torch.float64, device=device)
        self._squares = torch.zeros_like(self.mean)  # of the differences from the mean

    @property
    def variance(self) -> Tensor:
        """The population variance over all elements (divided by their number)."""
        return self._squares / self.count

    def see(self, _: nn.Module, inputs: tuple[Sequences], outputs: Tensor) -> None:
        """A forward hook of a stack: ``outputs`` are (B, L, 300), the inputs mark which are real."""
        elements = outputs.detach()[..., :DRIFT_DIMENSIONS][inputs[0].mask()].double()  # (elements, 50)
        if not len(elements):  # this process has no part of the batch
            return
        variance, mean = torch.var_mean(elements, dim=0, correction=0)
        total = self.count + len(elements)
        distance = mean - self.mean
        self._squares = self._squares + (variance + distance**2 * self.count / total) * len(elements)
        self.mean = self.mean + distance * len(elements) / total
        self.count = total

    def merge(self, processes: Processes) -> None:
        """Merge the moments of all processes."""
        count = processes.total(self.count.clone())
        mean = processes.total(self.mean * self.count) / count
        self._squares = processes.total(self._squares + (self.mean - mean) ** 2 * self.count)
        self.count, self.mean = count, mean


def _norm(tensors: Sequence[Tensor], device: torch.device) -> Tensor:
    """The norm of all tensors together, as one vector; 0 if there are none."""
    norms = [torch.linalg.vector_norm(tensor) for tensor in tensors]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else torch.zeros((), device=device)


def _rounded(values: Tensor) -> list[float]:
    return [_round(value) for value in values.tolist()]


def _round(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
