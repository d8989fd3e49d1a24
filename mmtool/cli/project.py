"""``mmtool project``."""

from typing import Annotated

import typer

from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json
from mmtool.settings.project import ProjectSettings

DEFAULTS = ProjectSettings()
ONLY = "the corpus's only one"


def project(
    corpus: CorpusArgument = HERE,
    video: Annotated[
        str, typer.Option(help="Video features to project; A+B joins two.", show_default=ONLY)
    ] = DEFAULTS.video,
    text: Annotated[str, typer.Option(help="Text features to project.", show_default=ONLY)] = DEFAULTS.text,
    dimension: Annotated[
        int, typer.Option("--dim", help="Dimensions after projection.")
    ] = DEFAULTS.dimension,
    seed: Annotated[int, typer.Option(help="Of the random matrix.")] = DEFAULTS.seed,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Project features at random and normalise them.

    Reads features/NAME.h5 and splits/train.txt; writes features/NAME.rp.h5, with the matrix and the
    mean and variance of the training split inside.

    Example: mmtool project my-corpus --video faster-rcnn-resnet50 --text bert+length
    """
    with error_boundary():
        settings = ProjectSettings(video, text, dimension, seed, force)
        from mmtool.stages.project import project as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
