"""Features and annotations → a trained run: of the network, or of alignment by timing."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mmtool.errors import SettingError
from mmtool.records import Progress, silent
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.options import settings_of, unknown_setting
from mmtool.settings.run_names import MULTIWAY, TIMING
from mmtool.settings.train import TrainRunSettings, TrainSettings
from mmtool.stages.train.report import MatcherTrainReport, NetworkTrainReport, TrainReport
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
    settings: MatcherSettings,
    *,
    run: str = ...,
    force: bool = ...,
    progress: Progress = ...,
    on_epoch: OnEpoch = ...,
) -> MatcherTrainReport: ...


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
    settings: TrainSettings | MatcherSettings | None = None,
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
    ``semi-markov`` estimates the parameters of alignment by timing instead, and loads no torch. The preset
    ``multiway``, or :class:`MatcherSettings`, trains the matcher, and writes its embeddings of all films as
    the features ``<run>-video`` and ``<run>-text``.

    An interrupted run continues from its last checkpoint and ends with the same weights as an
    uninterrupted one, on GPUs apart from rounding; a finished run is left unchanged.

    Args:
        root: The corpus folder.
        settings: All settings of the network and its training; or choose a preset and give what differs
            from it as keywords, the fields of :class:`TrainSettings` (of :class:`MatcherSettings` for
            ``multiway``).
        run: The name of the run; the preset's by default (``timing`` for ``semi-markov``).
        preset: An experiment of the paper, ``multiway`` or ``semi-markov``; ``rp-lars-sbn`` by default.
        any_space: Compare features even if they come from different models (``semi-markov`` only).
        force: Delete the run and train it from the start.
        progress: Hears how many videos were aligned while a weight is chosen (``semi-markov``), how many
            copies of the network an estimate of blending has trained, or how many films were embedded.
        on_epoch: Hears of each epoch of the network or matcher.

    Returns:
        A :class:`NetworkTrainReport`, a :class:`MatcherTrainReport`, or a :class:`TimingTrainReport`.

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
    if settings is None and which.preset == MULTIWAY:
        settings = _matcher_settings(options)
    if isinstance(settings, MatcherSettings):
        from mmtool.stages.train.matcher import train_matcher

        return train_matcher(
            Path(root),
            settings,
            run=which.run or MULTIWAY,
            force=which.force,
            on_epoch=on_epoch,
            progress=progress,
        )
    if settings is None:
        finetunes = preset_named(which.preset, others=(MULTIWAY, TIMING)).finetunes
        _refuse_others(options, TrainSettings, which.preset)
        settings = preset_settings(which.preset, options)
        if finetunes and not settings.init_from:
            raise SettingError("preset", f"{which.preset} continues another run; name it with `init_from`")
    from mmtool.stages.train.network import train_network

    return train_network(
        Path(root),
        settings,
        run=which.run or which.preset,
        force=which.force,
        on_epoch=on_epoch,
        progress=progress,
    )


def _matcher_settings(options: Mapping[str, Any]) -> MatcherSettings:
    """The settings of the matcher; raises SettingError for those of the network."""
    _refuse_others(options, MatcherSettings, MULTIWAY)
    return MatcherSettings.chosen(None, options)


def _refuse_others(
    options: Mapping[str, Any], own: type[TrainSettings | MatcherSettings], preset: str
) -> None:
    """Raise SettingError for a setting of what the preset does not train, and for one that nothing has."""
    known = {**settings_of(TrainSettings), **settings_of(MatcherSettings)}
    for name in options:
        if name not in known:
            raise unknown_setting(name, settings_of(own))
        if name not in settings_of(own):
            raise SettingError(name, f"has no effect with `preset={preset}`; leave it out")


def _timing_features(options: Mapping[str, Any]) -> tuple[str, str]:
    """The names of the video and text features to compare, both empty for timing alone."""
    for name in options:
        if name in settings_of(MatcherSettings) and name not in READ_BY_TIMING:
            raise SettingError(name, f"has no effect with `preset={TIMING}`; leave it out")
    settings = TrainSettings.chosen(None, options)
    for name in options:
        if name not in READ_BY_TIMING:
            raise SettingError(name, f"has no effect with `preset={TIMING}`; leave it out")
    if bool(settings.video) != bool(settings.text):
        one, other = ("video", "text") if settings.video else ("text", "video")
        raise SettingError(one, f"features are compared with `{other}` features; name both")
    return settings.video, settings.text
