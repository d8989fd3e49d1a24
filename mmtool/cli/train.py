"""``mmtool train``."""

import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from mmtool.choices import Action, Device, Inputs, Normalisation, Optimizer, Precision, TimingPrior
from mmtool.cli.console import err, error_boundary, finish, out, percent, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Json
from mmtool.cli.tables import rows_table
from mmtool.errors import CallError
from mmtool.settings.run_names import TIMING, TIMING_RUN, check_run_name
from mmtool.settings.train import TrainSettings

if TYPE_CHECKING:
    from mmtool.training.loop import EpochRecord

PRESET = "the preset's"
OF_TIMING = {"corpus", "run", "preset", "presets", "video", "text", "any_space", "force", "as_json"}
DEFAULTS = TrainSettings()


def _show_presets(wanted: bool) -> None:
    if wanted:
        from mmtool.training.presets import PRESETS

        names = ["inputs", "optimizer", "normalisation", "learning_rate", "label_smoothing", "dropout"]
        rows = [
            [name, preset.source, *(str(getattr(preset.settings, field)) for field in names)]
            for name, preset in PRESETS.items()
        ]
        rows.append([TIMING, "none: timing, no network", *("–" for _ in names)])
        out.print(rows_table(["preset", "in the paper", *names], rows))
        raise typer.Exit


def train(
    context: typer.Context,
    corpus: CorpusArgument = HERE,
    run: Annotated[
        str, typer.Option(help="Name of the run, a folder below runs/.", show_default=PRESET)
    ] = "",
    preset: Annotated[
        str, typer.Option(help="One of the paper's experiments, or semi-markov.")
    ] = "rp-lars-sbn",
    presets: Annotated[
        bool, typer.Option("--presets", callback=_show_presets, is_eager=True, help="List the presets.")
    ] = False,
    video: Annotated[
        str, typer.Option(help="Video features; A+B joins two.", show_default="the only ones")
    ] = "",
    text: Annotated[str, typer.Option(help="Text features.", show_default="the only ones")] = "",
    any_space: Annotated[
        bool, typer.Option("--any-space", help="Of semi-markov: compare features of different models too.")
    ] = False,
    inputs: Annotated[
        Inputs | None, typer.Option(help="Projected or full features.", show_default=PRESET)
    ] = None,
    normalisation: Annotated[
        Normalisation | None, typer.Option(help="Of the stacks.", show_default=PRESET)
    ] = None,
    optimizer: Annotated[
        Optimizer | None, typer.Option(help="LARS is on top of Adam.", show_default=PRESET)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="η of Eq. 4, or Adam's.", show_default=PRESET)
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(show_default=PRESET)] = None,
    dropout: Annotated[float | None, typer.Option(help="Of the FC layers.", show_default=PRESET)] = None,
    lstm_dropout: Annotated[
        float | None, typer.Option(help="Between LSTM layers.", show_default=PRESET)
    ] = None,
    label_smoothing: Annotated[float | None, typer.Option(show_default=PRESET)] = None,
    warmup_epochs: Annotated[int | None, typer.Option(help="Linear warm-up.", show_default=PRESET)] = None,
    early_stopping: Annotated[
        int | None,
        typer.Option(
            help="Stop after so many epochs without a better validation; 0 never.", show_default=PRESET
        ),
    ] = None,
    action: Annotated[
        list[Action] | None,
        typer.Option(
            help="The actions, in class order; repeat the option.", show_default="the three of one-to-many"
        ),
    ] = None,
    time_features: Annotated[
        bool,
        typer.Option(
            "--time-features", help="The network also reads seconds: elapsed, left, of the clip, to read."
        ),
    ] = DEFAULTS.time_features,
    timing_prior: Annotated[
        TimingPrior,
        typer.Option(
            help="Timing's posterior as an input of the network, as a prior on its actions in decoding "
            "(its weight is chosen on the validation split), or both."
        ),
    ] = DEFAULTS.timing_prior,
    init_from: Annotated[
        str,
        typer.Option(
            help="Start from the weights of this run, or of the run in this folder (a path with a /). "
            "Its encoders and shape must be the same; mean and variance are this corpus's own.",
            show_default="random weights",
            metavar="RUN",
        ),
    ] = "",
    epochs: Annotated[int, typer.Option(help="More continue a finished run.")] = DEFAULTS.epochs,
    batch_size: Annotated[int, typer.Option(help="Samples at a time.")] = DEFAULTS.batch_size,
    max_actions: Annotated[int, typer.Option(help="Of a training sample.")] = DEFAULTS.max_actions,
    validate_every: Annotated[
        int, typer.Option(help="Epochs from one validation to the next.")
    ] = DEFAULTS.validate_every,
    train_measures_every: Annotated[
        int, typer.Option(help="Epochs from one decoding of the training videos to the next; 0: never.")
    ] = DEFAULTS.train_measures_every,
    seed: Annotated[int, typer.Option(help="Of weights and order.")] = DEFAULTS.seed,
    precision: Annotated[
        Precision, typer.Option(help="Of matrix products; bf16 pays on CPUs and GPUs that have units for it.")
    ] = DEFAULTS.precision,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    threads: Annotated[int, typer.Option(help="CPU threads; 0: one for each core.")] = DEFAULTS.threads,
    force: Annotated[bool, typer.Option("--force", help="Delete the run and start it anew.")] = False,
    as_json: Json = False,
) -> None:
    """Train the alignment network, or estimate the parameters of alignment by timing.

    Reads features/, clips/, snippets/, annotations/ and splits/train.txt (and val.txt); writes
    runs/RUN with config.json, best.pt, last.pt, metrics.jsonl and events/ (for TensorBoard). A run
    that was interrupted goes on. Several processes train one model with
    `torchrun --nproc-per-node 2 -m mmtool -- train …`.
    With --time-features or --timing-prior, texts and videos.csv are read too, and the parameters of
    timing are estimated from the training split; each training video is measured without itself.
    The preset semi-markov needs no features and no val.txt, reads videos.csv too, and writes runs/RUN
    (timing, if not named) with config.json and timing.json. With --video and --text it weighs the
    similarity of these features, which share a space, by cross-validation.

    Example: mmtool train my-corpus --preset rp-lars-sbn --video timing --text bert+length
    """
    del presets
    with error_boundary():
        check_run_name(run)
        if preset == TIMING:
            _refuse_what_is_not_of_timing(context)
            from mmtool.stages.train import train_timing

            run_stage(
                lambda progress: train_timing(
                    corpus,
                    run=run or TIMING_RUN,
                    video=video,
                    text=text,
                    any_space=any_space,
                    force=force,
                    progress=progress,
                ),
                as_json=as_json,
            )
            return
        if any_space:
            raise CallError(f"--any-space: means nothing to --preset {preset}; leave it out")
        from mmtool.training.presets import PRESETS

        if preset not in PRESETS:
            names = ", ".join((*PRESETS, TIMING))
            raise CallError(f"--preset {preset}: no such preset; choose one of {names}")
        if PRESETS[preset].finetunes and not init_from:
            raise CallError(f"--preset {preset}: goes on from another run; name it with --init-from")
        chosen: dict[str, Any] = {
            "inputs": inputs,
            "normalisation": normalisation,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "weight_decay": weight_decay,
            "dropout": dropout,
            "lstm_dropout": lstm_dropout,
            "label_smoothing": label_smoothing,
            "warmup_epochs": warmup_epochs,
            "early_stopping": early_stopping,
            "actions": tuple(action) if action else None,
        }
        settings = replace(
            PRESETS[preset].settings,
            **{name: value for name, value in chosen.items() if value is not None},
            video=video,
            text=text,
            time_features=time_features,
            timing_prior=timing_prior,
            init_from=init_from,
            epochs=epochs,
            batch_size=batch_size,
            max_actions=max_actions,
            validate_every=validate_every,
            train_measures_every=train_measures_every,
            seed=seed,
            precision=precision,
            device=device,
            threads=threads,
        )
        from mmtool.stages.train import train as stage

        with TrainingDisplay(epochs, quiet=as_json) as display:
            report = stage(corpus, settings, run=run or preset, force=force, on_epoch=display)
        if os.environ.get("RANK", "0") == "0":  # of torchrun's processes one speaks
            finish(report, as_json=as_json, extra={"last_epoch": display.last})


def _refuse_what_is_not_of_timing(context: typer.Context) -> None:
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in OF_TIMING and source is not None and source.name == "COMMANDLINE":
            raise CallError(f"--{name.replace('_', '-')}: means nothing to --preset {TIMING}; leave it out")


class TrainingDisplay:
    """One live line: epoch, loss, learning rate and the measures on validation; on a terminal only."""

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

    def _line(self, record: "EpochRecord") -> Table:
        left = (self.epochs - record.epoch) * record.seconds
        cells = {
            "epoch": f"{record.epoch}/{self.epochs}",
            "loss": f"{record.loss:.4f}",
            "actions right": percent(record.action_accuracy),
            "rate": f"{record.learning_rate:.2g}",
            "val. accuracy": "–" if record.video_accuracy is None else percent(record.video_accuracy),
            "val. IoU": "–" if record.text_iou is None else percent(record.text_iou),
            "s/epoch": f"{record.seconds:.2f}",
            "left": f"{left / 60:.0f} min" if left > 90 else f"{left:.0f} s",
        }
        return rows_table(list(cells), [list(cells.values())], title=self.title)
