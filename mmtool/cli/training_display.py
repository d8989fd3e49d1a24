"""The live display of a training, for ``train`` and ``experiment``."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.live import Live
from rich.table import Table
from rich.text import Text

from mmtool.cli.console import err, percent
from mmtool.cli.tables import rows_table

if TYPE_CHECKING:
    from mmtool.training.epochs import EpochRecord


class TrainingDisplay:
    """One live line: epoch, loss, accuracy, validation measures and learning rate; on a terminal only.

    ``last`` is the latest epoch without its diagnostics, empty before the first.
    """

    def __init__(self, epochs: int, *, quiet: bool) -> None:
        self.epochs = epochs
        self.title = ""
        self.last: dict[str, object] = {}
        self._live = Live(console=err.rich, transient=True, refresh_per_second=4)
        self._on = err.is_terminal and not quiet

    def __enter__(self) -> "TrainingDisplay":
        if self._on:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._on:
            self._live.stop()

    def __call__(self, record: "EpochRecord") -> None:
        self.last = {name: value for name, value in asdict(record).items() if name != "diagnostics"}
        if self._on:
            self._live.update(self._line(record))

    def waiting(
        self, task: str, done: int, total: int | None, unit: str, per_second: float | None = None
    ) -> None:
        """What is done before or between epochs; a progress of a stage."""
        del per_second
        if self._on:
            self._live.update(Text(f"{task}: {done}{f'/{total}' if total else ''} {unit}"))

    def _line(self, record: "EpochRecord") -> Table:
        left = (self.epochs - record.epoch) * record.seconds
        cells = {
            "epoch": f"{record.epoch}/{self.epochs}",
            "loss": f"{record.loss:.4f}",
            **{name: "–" if share is None else percent(share) for name, share in record.shares.items()},
            "rate": f"{record.learning_rate:.2g}",
            "s/epoch": f"{record.seconds:.2f}",
            "left": f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s",
        }
        return rows_table(list(cells), [list(cells.values())], title=self.title)
