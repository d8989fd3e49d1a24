"""Features and annotations → a trained run: of the network, or of alignment by timing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mmtool.errors import SettingError
from mmtool.records import Progress, silent
from mmtool.settings.run_names import TIMING
from mmtool.settings.train import TrainRunSettings, TrainSettings
from mmtool.stages.train.report import NetworkTrainReport, TrainReport
from mmtool.training.presets import DEFAULT_PRESET, preset_named, preset_settings

if TYPE_CHECKING:
    from mmtool.training.epochs import EpochRecord

OnEpoch = Callable[["EpochRecord"], None]
READ_BY_TIMING = {"video", "text"}


@overload
def train(
    root: Path | str,
    settings: TrainSettings,
    *,
    run: str = ...,
    force: bool = ...,
    progress: Progress = ...,
    on_epoch: OnEpoch = ...,
) -> NetworkTrainReport: ...


@overload
def train(
    root: Path | str,
    settings: None = None,
    *,
    run: str = ...,
    preset: str = ...,
    any_space: bool = ...,
    force: bool = ...,
    progress: Progress = ...,
    on_epoch: OnEpoch = ...,
    **options: Any,
) -> TrainReport: ...


def train(
    root: Path | str,
    settings: TrainSettings | None = None,
    *,
    run: str = "",
    preset: str = "",
    any_space: bool = False,
    force: bool = False,
    progress: Progress = silent,
    on_epoch: OnEpoch = lambda _: None,
    **options: Any,
) -> TrainReport:
    """Train ``runs/<run>`` on the training split of a corpus.

    The network is trained from features and watched on the validation split if there is one. The preset
    ``semi-markov`` estimates the parameters of alignment by timing instead, and loads no torch.

    An interrupted run continues from its last checkpoint and ends with the same weights as an
    uninterrupted one, on GPUs apart from rounding; a finished run is left unchanged.

    Args:
        root: The corpus folder.
        settings: All settings of the network and its training; or choose a preset and give what differs
            from it as keywords, the fields of :class:`TrainSettings`.
        run: The name of the run; the preset's by default (``timing`` for ``semi-markov``).
        preset: An experiment of the paper, or ``semi-markov``; ``rp-lars-sbn`` by default.
        any_space: Compare features even if they come from different models (``semi-markov`` only).
        force: Delete the run and train it from the start.
        progress: Hears how many videos were aligned while a weight is chosen (``semi-markov`` only).
        on_epoch: Hears of each epoch of the network.

    Returns:
        A :class:`NetworkTrainReport`, or a :class:`TimingTrainReport` for ``semi-markov``.

    Raises:
        CallError: The settings are impossible, the run has other settings or data, an input is missing or
            damaged, or the training diverged.
    """
    which = TrainRunSettings(run=run, preset=preset or DEFAULT_PRESET, any_space=any_space, force=force)
    if settings is not None and (preset or options):
        name = "preset" if preset else next(iter(options))
        raise SettingError(name, "cannot be given together with a settings object")
    if which.preset == TIMING:
        from mmtool.stages.train.timing import train_timing

        return train_timing(Path(root), which, _timing_features(options), progress)
    if any_space:
        raise SettingError("any_space", f"has no effect with `preset={which.preset}`; leave it out")
    if settings is None:
        finetunes = preset_named(which.preset, others=(TIMING,)).finetunes
        settings = preset_settings(which.preset, options)
        if finetunes and not settings.init_from:
            raise SettingError("preset", f"{which.preset} continues another run; name it with `init_from`")
    from mmtool.stages.train.network import train_network

    return train_network(
        Path(root), settings, run=which.run or which.preset, force=which.force, on_epoch=on_epoch
    )


def _timing_features(options: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the video and text features to compare, both empty for timing alone."""
    settings = TrainSettings.chosen(None, options)
    for name in options:
        if name not in READ_BY_TIMING:
            raise SettingError(name, f"has no effect with `preset={TIMING}`; leave it out")
    if bool(settings.video) != bool(settings.text):
        one, other = ("video", "text") if settings.video else ("text", "video")
        raise SettingError(one, f"features are compared with `{other}` features; name both")
    return settings.video, settings.text
