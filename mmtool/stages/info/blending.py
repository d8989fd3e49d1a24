"""What ``info`` says of the weights of a run's branches."""

from pathlib import Path

from mmtool.formats.blends import BLEND, read_blend


def described_blend(run: Path) -> dict[str, object]:
    """The weights by the epoch from which they hold, and what they were estimated from."""
    described: dict[str, object] = {}
    for estimate in read_blend(run / BLEND)[1]:
        described[f"weights from epoch {estimate.epoch}"] = ", ".join(
            f"{branch} {found.weight:.3f} (G {found.gain:+.3g}, O {found.overfitting:+.3g})"
            for branch, found in estimate.branches.items()
        )
        if estimate.left_out:
            described[f"joint branch from epoch {estimate.epoch}"] = (
                f"does not see {' and '.join(estimate.left_out)}"
            )
    return described
