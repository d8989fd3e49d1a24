"""Settings of ``train``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from mmtool.choices import Action, Device, Inputs, Normalisation, Optimizer, Precision, TimingPrior
from mmtool.settings.checks import require


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The network and its training; the defaults are the paper's best row, RP+LARS+SBN."""

    video: str = ""  # features: an encoder's name, `a+b` joins two
    text: str = ""
    inputs: Inputs = Inputs.RP
    normalisation: Normalisation = Normalisation.SBN
    optimizer: Optimizer = Optimizer.LARS
    learning_rate: float = 7e-3
    weight_decay: float = 0.0
    dropout: float = 0.0
    lstm_dropout: float = 0.0
    label_smoothing: float = 0.03
    warmup_epochs: int = 0
    warmup_from: float = 5e-5  # learning rate of the first warm-up epoch
    epochs: int = 350
    batch_size: int = 32
    clip_norm: float = 2.0
    halve_after: int = 10  # epochs without a better training loss before the learning rate halves
    early_stopping: int = 0  # epochs without a better validation score before training ends; 0: never
    max_actions: int = 100  # of a training sample
    actions: tuple[Action, ...] = (Action.POP_VIDEO, Action.POP_TEXT, Action.MATCH_RETAIN_TEXT)
    time_features: bool = False  # seconds elapsed, left and to read, which the published network lacks
    timing_prior: TimingPrior = TimingPrior.NONE
    validate_every: int = 1
    train_measures_every: int = 0  # epochs from one measuring of the training videos to the next; 0: never
    init_from: str = ""  # a run of this corpus, or a run's folder elsewhere, whose weights are the first
    seed: int = 0
    precision: Precision = Precision.FP32
    device: Device = Device.AUTO
    threads: int = 0  # of torch on the CPU; 0: one for each core this process may use

    def __post_init__(self) -> None:
        require(self.learning_rate > 0, "learning-rate", "above 0", self.learning_rate)
        require(self.weight_decay >= 0, "weight-decay", "at least 0", self.weight_decay)
        require(0 <= self.dropout < 1, "dropout", "in [0, 1)", self.dropout)
        require(0 <= self.lstm_dropout < 1, "lstm-dropout", "in [0, 1)", self.lstm_dropout)
        require(0 <= self.label_smoothing < 1, "label-smoothing", "in [0, 1)", self.label_smoothing)
        require(self.warmup_epochs >= 0, "warmup-epochs", "at least 0", self.warmup_epochs)
        require(self.epochs >= 1, "epochs", "at least 1", self.epochs)
        require(self.batch_size >= 1, "batch-size", "at least 1", self.batch_size)
        require(self.clip_norm > 0, "clip-norm", "above 0", self.clip_norm)
        require(self.halve_after >= 1, "halve-after", "at least 1", self.halve_after)
        require(self.max_actions >= 2, "max-actions", "at least 2", self.max_actions)
        require(self.validate_every >= 1, "validate-every", "at least 1", self.validate_every)
        require(
            self.train_measures_every >= 0, "train-measures-every", "at least 0", self.train_measures_every
        )
        require(self.seed >= 0, "seed", "at least 0", self.seed)

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        values = asdict(self)
        return values | {"actions": [str(action) for action in self.actions]}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TrainSettings":
        """The inverse of :meth:`to_dict`; raises ValueError for a value or name it does not know."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown setting {sorted(unknown)[0]!r}")
        typed: dict[str, object] = dict(values)
        for name, kind in (
            ("inputs", Inputs),
            ("normalisation", Normalisation),
            ("optimizer", Optimizer),
            ("timing_prior", TimingPrior),
            ("precision", Precision),
            ("device", Device),
        ):
            if name in typed:
                typed[name] = kind(str(typed[name]))
        if "actions" in typed:
            typed["actions"] = tuple(Action(name) for name in typed["actions"])  # type: ignore[attr-defined]
        return replace(cls(), **typed)  # type: ignore[arg-type]
