"""``mmtool train``."""

import os
from typing import Annotated, Any

import typer

from mmtool.cli.console import finish, out, progress_bars
from mmtool.cli.from_settings import Given, takes_settings
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.run_names import MULTIWAY, TIMING
from mmtool.settings.train import RUN, TrainRunSettings, TrainSettings


def _show_presets(wanted: bool) -> None:
    if wanted:
        from mmtool.cli.tables import rows_table
        from mmtool.training.presets import PRESETS

        names = ["inputs", "optimizer", "normalisation", "learning_rate", "label_smoothing", "dropout"]
        rows = [
            [name, preset.source, *(str(getattr(preset.settings, field)) for field in names)]
            for name, preset in PRESETS.items()
        ]
        matcher = MatcherSettings()
        own = {"optimizer": "adamw", "learning_rate": matcher.learning_rate, "dropout": matcher.dropout}
        rows.append(
            [MULTIWAY, "none: the matcher (VLMo, 2022)", *(str(own.get(name, "–")) for name in names)]
        )
        rows.append([TIMING, "none: timing, without a network", *("–" for _ in names)])
        out.print(rows_table(["preset", "in the paper", *(name.replace("_", " ") for name in names)], rows))
        raise typer.Exit


@takes_settings
def train(
    which: TrainRunSettings,
    options: Annotated[dict[str, Any], Given(TrainSettings)],
    of_matcher: Annotated[dict[str, Any], Given(MatcherSettings)],
    corpus: CorpusArgument = HERE,
    presets: Annotated[
        bool,
        typer.Option(
            "--presets",
            callback=_show_presets,
            is_eager=True,
            help="List the presets and exit.",
            rich_help_panel=RUN,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the alignment network or the matcher, or estimate the parameters of alignment by timing.

    Reads features/, clips/, snippets/, annotations/, splits/train.txt and, if present, splits/val.txt; writes
    runs/RUN with config.json, best.pt, last.pt, metrics.jsonl and events/ (for TensorBoard). An interrupted
    run continues where it stopped. To train one model with several processes, each on
    a GPU of its own, use `torchrun --nproc-per-node 2 -m mmtool -- train …`; with `--device cpu`, they share
    the processor. On a CPU, the same command gives the same weights; on a GPU, up to rounding.

    `--time-features` and `--timing-prior` also read videos.csv and estimate the parameters of timing from
    the training split; each training video is measured with parameters estimated without it.

    `--preset semi-markov` needs neither features nor a validation split. It also reads videos.csv, and
    writes runs/RUN (by default runs/timing) with config.json and timing.json. With `--video` and `--text`,
    which must share a space, it chooses the weight of their similarity by cross-validation.

    `--preset multiway` trains the matcher, which tells how well a snippet fits a clip, from the regions that
    `extract --keep-regions` stores. It writes runs/RUN and, for all films, features/RUN-video.h5 and
    features/RUN-text.h5, so that `mmtool align --decoder semi-markov --video RUN --text RUN` compares them.

    Example: mmtool train my-corpus --preset rp-lars-sbn --video timing --text bert+length
    """
    del presets  # its callback has shown them
    from mmtool.cli.training_display import TrainingDisplay
    from mmtool.stages.train import train as stage

    by_timing = which.preset == TIMING
    defaults = MatcherSettings() if which.preset == MULTIWAY else TrainSettings()
    epochs = options.get("epochs", defaults.epochs)  # no preset of the network changes them
    with (
        progress_bars(quiet=as_json or not by_timing) as bars,
        TrainingDisplay(epochs, quiet=as_json or by_timing) as display,
    ):
        report = stage(
            corpus,
            run=which.run,
            preset=which.preset,
            any_space=which.any_space,
            force=which.force,
            progress=bars if by_timing else display.waiting,
            on_epoch=display,
            **(options | of_matcher),
        )
    if os.environ.get("RANK", "0") == "0":  # only one of torchrun's processes prints
        finish(report, as_json=as_json, extra={} if by_timing else {"last_epoch": display.last})
