"""Settings of ``train``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from mmtool.choices import Action, Inputs, Normalisation, Optimizer, Precision, TimingPrior
from mmtool.fusion_choices import Fusion, Missing
from mmtool.settings.blending import (
    BlendChoice,
    BlendEpochs,
    BlendFolds,
    BlendFraction,
    BlendPlan,
    blend_plan,
)
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.modalities import (
    FusionChoice,
    FusionLayers,
    MissingChoice,
    Modalities,
    check_modalities,
    names_of,
)
from mmtool.settings.options import Option, Settings
from mmtool.settings.run_names import check_run_name

RUN, INPUT, NETWORK, TRAINING = "Run", "Input", "Network", "Training"
VALIDATION, COMPUTATION = "Validation", "Computation"
PRESETS = "the preset's"
ONLY = "the only ones"

# also settings of `experiment`
InitFrom = Annotated[
    str,
    Option(
        "Start from the weights of this run, or of the run in this folder (a path with a /). Encoders and "
        "shape must be the same; mean and variance are computed on this corpus.",
        heading=INPUT,
        default="random weights",
        metavar="RUN",
        completion="runs",
    ),
]
ComputeDevice = Annotated[
    str, Option(f"Device for the network: {NETWORK_DEVICES}.", heading=COMPUTATION, metavar="DEVICE")
]
Threads = Annotated[int, Option("CPU threads; 0 uses all available cores.", heading=COMPUTATION, at_least=0)]

# also settings of the matcher
WeightDecay = Annotated[float, Option("Weight decay.", heading=TRAINING, at_least=0, default=PRESETS)]
WarmupEpochs = Annotated[
    int, Option("Epochs of linear warm-up.", heading=TRAINING, at_least=0, default=PRESETS)
]
Epochs = Annotated[
    int,
    Option(
        "Number of epochs; a greater number continues a finished run.",
        heading=TRAINING,
        at_least=1,
        default="350; 40 for multiway",
    ),
]
EpochShare = Annotated[
    float,
    Option(
        "Share of an epoch's batches that are trained, others in each epoch; below 1, training stops early "
        "as in the supplement of Gradient-Blending.",
        heading=TRAINING,
        above=0,
        at_most=1,
    ),
]
ClipNorm = Annotated[float, Option("Greatest norm of the gradient.", heading=TRAINING, above=0)]
EarlyStopping = Annotated[
    int,
    Option(
        "Stop after this many epochs without a better validation score; 0 never stops early.",
        heading=VALIDATION,
        at_least=0,
        default=PRESETS,
    ),
]
ValidateEvery = Annotated[int, Option("Epochs between validations.", heading=VALIDATION, at_least=1)]
TrainMeasuresEvery = Annotated[
    int,
    Option(
        "Epochs between measurements of the training videos; 0 never measures them.",
        heading=VALIDATION,
        at_least=0,
    ),
]
Seed = Annotated[
    int, Option("Seed of the first weights and of the order of samples.", heading=TRAINING, at_least=0)
]
NetworkPrecision = Annotated[
    Precision,
    Option(
        "Precision of matrix products; bf16 is faster on CPUs and GPUs that support it.",
        heading=COMPUTATION,
    ),
]
BatchSize = Annotated[
    int,
    Option(
        "Samples in a batch; clips for multiway.",
        heading=TRAINING,
        at_least=1,
        default="32; 64 for multiway",
    ),
]
LearningRate = Annotated[
    float,
    Option("Learning rate: η of Eq. 4 for LARS.", heading=TRAINING, above=0, default=PRESETS),
]
Dropout = Annotated[
    float,
    Option("Dropout of the fully connected layers.", heading=NETWORK, at_least=0, below=1, default=PRESETS),
]
VideoFeatures = Annotated[
    str,
    Option(
        "Video features; A+B joins two.",
        heading=INPUT,
        default=ONLY,
        metavar="NAME",
        completion="features",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRunSettings(Settings):
    """Which run is trained, and from which preset its settings start."""

    run: Annotated[
        str,
        Option(
            "Name of the run, a folder below runs/.",
            heading=RUN,
            default="the preset's name; timing for semi-markov",
            metavar="RUN",
            completion="runs",
        ),
    ] = ""
    preset: Annotated[
        str,
        Option(
            "An experiment of the paper (--presets lists them), multiway for the matcher, or semi-markov for "
            "alignment by timing.",
            heading=RUN,
            metavar="NAME",
        ),
    ] = "rp-lars-sbn"
    any_space: Annotated[
        bool,
        Option("Compare features even if they come from different models (semi-markov only).", heading=INPUT),
    ] = False
    force: Annotated[bool, Option("Delete the run and train it from the start.", heading=RUN)] = False

    def check(self) -> None:
        check_run_name(self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings(Settings):
    """The network and its training; the defaults are the paper's best row, RP+LARS+SBN.

    A run's ``config.json`` and checkpoints store all of them.
    """

    video: VideoFeatures = ""
    text: Annotated[
        str,
        Option(
            "Text features; A+B joins two.",
            heading=INPUT,
            default=ONLY,
            metavar="NAME",
            completion="features",
        ),
    ] = ""
    inputs: Annotated[
        Inputs,
        Option("Randomly projected (rp) or full features.", heading=NETWORK, default=PRESETS),
    ] = Inputs.RP
    normalisation: Annotated[
        Normalisation,
        Option(
            "Normalisation of the stacks: sequence-wise batch norm, or layer norm in two or four of them.",
            heading=NETWORK,
            default=PRESETS,
        ),
    ] = Normalisation.SBN
    optimizer: Annotated[
        Optimizer, Option("Adam, or LARS on top of Adam.", heading=TRAINING, default=PRESETS)
    ] = Optimizer.LARS
    learning_rate: LearningRate = 7e-3
    weight_decay: WeightDecay = 0.0
    dropout: Dropout = 0.0
    lstm_dropout: Annotated[
        float, Option("Dropout between LSTM layers.", heading=NETWORK, at_least=0, below=1, default=PRESETS)
    ] = 0.0
    label_smoothing: Annotated[
        float, Option("Label smoothing.", heading=TRAINING, at_least=0, below=1, default=PRESETS)
    ] = 0.03
    warmup_epochs: WarmupEpochs = 0
    warmup_from: Annotated[
        float, Option("Learning rate of the first warm-up epoch.", heading=TRAINING, at_least=0)
    ] = 5e-5
    epochs: Epochs = 350
    batch_size: BatchSize = 32
    clip_norm: ClipNorm = 2.0
    epoch_share: EpochShare = 1.0
    halve_after: Annotated[
        int,
        Option(
            "Halve the learning rate after this many epochs without a lower training loss.",
            heading=TRAINING,
            at_least=1,
        ),
    ] = 10
    early_stopping: EarlyStopping = 0
    max_actions: Annotated[
        int, Option("Greatest number of actions in a training sample.", heading=TRAINING, at_least=2)
    ] = 100
    actions: Annotated[
        tuple[Action, ...],
        Option(
            "An action of the network; repeat the option for each, in class order.",
            heading=NETWORK,
            default="pop-video, pop-text and match-retain-text",
            flag="action",
        ),
    ] = (Action.POP_VIDEO, Action.POP_TEXT, Action.MATCH_RETAIN_TEXT)
    time_features: Annotated[
        bool,
        Option(
            "Let the network also read times in seconds: elapsed, remaining, of the clip, and of reading.",
            heading=NETWORK,
        ),
    ] = False  # the published network lacks them
    timing_prior: Annotated[
        TimingPrior,
        Option(
            "Use the posterior of timing as an input of the network, as a prior on its actions in decoding "
            "(its weight is chosen on the validation split), or both.",
            heading=NETWORK,
        ),
    ] = TimingPrior.NONE
    modalities: Modalities = ""
    fusion: FusionChoice = Fusion.LATE
    fusion_layers: FusionLayers = 2
    missing: MissingChoice = Missing.FAIL
    blend: BlendChoice = "none"
    blend_epochs: BlendEpochs = 0
    blend_folds: BlendFolds = 0
    blend_fraction: BlendFraction = 1.0
    validate_every: ValidateEvery = 1
    train_measures_every: TrainMeasuresEvery = 0
    init_from: InitFrom = ""
    seed: Seed = 0
    precision: NetworkPrecision = Precision.FP32
    device: ComputeDevice = AUTO
    threads: Threads = 0

    def check(self) -> None:
        check_device(self.device)
        check_modalities(self.modalities, self.fusion, self.fusion_layers, self.missing, video=self.video)
        _ = self.blend_plan

    @property
    def blend_plan(self) -> BlendPlan:
        """What ``blend`` asks for."""
        return blend_plan(
            self.blend,
            names_of(self.modalities),
            epochs=self.blend_epochs,
            folds=self.blend_folds,
            fraction=self.blend_fraction,
        )

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        values = asdict(self)
        return values | {"actions": [str(action) for action in self.actions]}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "TrainSettings":
        """The inverse of :meth:`to_dict`; settings that are missing have their defaults.

        Raises:
            SettingError: A name or value is unknown.
        """
        return cls.chosen(None, values)
