"""The paper's experiments by name (Tables 1, 2, 4, 5, 7; supplement A.1–A.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from mmtool.choices import Inputs, Normalisation, Optimizer
from mmtool.errors import SettingError
from mmtool.settings.train import TrainSettings

RP, FULL = Inputs.RP, Inputs.FULL
SBN, LN2, LN4, NO_NORM = Normalisation.SBN, Normalisation.LN2, Normalisation.LN4, Normalisation.NONE
ADAM, LARS = Optimizer.ADAM, Optimizer.LARS


@dataclass(frozen=True, slots=True)
class Preset:
    """The settings of one experiment, and where the paper reports it."""

    source: str
    settings: TrainSettings
    finetunes: bool = False  # starts from the weights of another run


def _ablation(source: str, inputs: Inputs, optimizer: Optimizer, norm: Normalisation, rate: float) -> Preset:
    """A row of Table 7: label smoothing 3 %, without weight decay and dropout."""
    return Preset(
        source,
        TrainSettings(inputs=inputs, optimizer=optimizer, normalisation=norm, learning_rate=rate),
    )


PATIENCE = 50  # epochs; the paper stops early but does not state the patience
BASELINE = TrainSettings(inputs=FULL, optimizer=ADAM, normalisation=NO_NORM, learning_rate=1e-3)
UNSMOOTHED = replace(BASELINE, label_smoothing=0.0)  # the supplement smooths only the rows of Table 7

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "rp-lars-sbn": _ablation("Tables 1, 2, 4, 5: the paper's best row", RP, LARS, SBN, 7e-3),
        "rp-lars-2ln": _ablation("Tables 4, 5", RP, LARS, LN2, 5e-3),
        "rp-lars-4ln": _ablation("Tables 4, 5", RP, LARS, LN4, 8e-3),
        "rp-adam-sbn": _ablation("Tables 2, 4", RP, ADAM, SBN, 5e-4),
        "rp-adam-2ln": _ablation("Table 4", RP, ADAM, LN2, 1e-2),
        "rp-adam-4ln": _ablation("Table 4", RP, ADAM, LN4, 7e-3),
        "rp-adam-warmup-sbn": Preset(
            "Table 2, supplement A.3: no label smoothing",
            TrainSettings(
                inputs=RP,
                optimizer=ADAM,
                normalisation=SBN,
                learning_rate=5e-4,
                warmup_epochs=5,
                label_smoothing=0.0,
            ),
        ),
        "full-lars-sbn": _ablation("Table 5", FULL, LARS, SBN, 5e-3),
        "full-lars-2ln": _ablation("Table 5", FULL, LARS, LN2, 4e-3),
        "full-lars-4ln": _ablation("Table 5", FULL, LARS, LN4, 5e-3),
        "no-pretraining": Preset("Table 1, Table 7: Full + Adam", BASELINE),
        "no-pretraining-early-stopping": Preset(
            "Table 1: the best epoch on validation", replace(BASELINE, early_stopping=PATIENCE)
        ),
        "lxmert": Preset(
            "Table 1, supplement A.2: LXMERT features",
            replace(UNSMOOTHED, learning_rate=3e-4, weight_decay=1e-7, dropout=0.3),
        ),
        "pretrain": Preset(
            "supplement A.1: on a large corpus (LSMDC), before finetune",
            replace(UNSMOOTHED, weight_decay=1e-6, dropout=0.1, early_stopping=PATIENCE),
        ),
        "finetune": Preset(
            "Table 1 (our pretraining), supplement A.1: with `init_from`",
            replace(UNSMOOTHED, learning_rate=5e-4, dropout=0.1),
            finetunes=True,
        ),
    }
)
DEFAULT_PRESET = "rp-lars-sbn"


def preset_named(name: str, *, others: tuple[str, ...] = ()) -> Preset:
    """The preset of a name; raises SettingError if there is none, with ``others`` that can be named too."""
    if name not in PRESETS:
        raise SettingError("preset", f"must be one of {', '.join((*PRESETS, *others))}, not {name!r}")
    return PRESETS[name]


def preset_settings(name: str, overrides: Mapping[str, object]) -> TrainSettings:
    """A preset's settings with some of them replaced.

    Raises:
        SettingError: The preset, a setting or a value is unknown or out of range.
    """
    return TrainSettings.from_dict(preset_named(name).settings.to_dict() | dict(overrides))
