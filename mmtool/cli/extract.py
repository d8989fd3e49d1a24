"""``mmtool extract``."""

from typing import Annotated

import typer

from mmtool.choices import (
    Device,
    EncoderPrecision,
    Engine,
    Pooling,
    RegionPrecision,
    TextEncoderName,
    VideoEncoderName,
)
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json
from mmtool.settings.extract import ExtractSettings

DEFAULTS = ExtractSettings(video_encoder=VideoEncoderName.TIMING)
PUBLISHED = "the published ones"


def extract(
    corpus: CorpusArgument = HERE,
    video_encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"What looks at the clips: {', '.join(VideoEncoderName)}, or a classifier of "
            "torchvision.models such as resnet50. timing sees their times alone.",
            autocompletion=lambda: list(VideoEncoderName),
        ),
    ] = None,
    text_encoder: Annotated[
        TextEncoderName | None,
        typer.Option(
            metavar="NAME",
            help=f"What reads the snippets: {', '.join(TextEncoderName)}. length counts, "
            "and needs no weights.",
        ),
    ] = None,
    video_weights: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|random",
            help="Weights of the detector or classifier; random makes clip and lxmert untrained, too.",
            show_default=PUBLISHED,
        ),
    ] = None,
    text_weights: Annotated[
        str | None,
        typer.Option(metavar="random", help="Untrained weights of the text model.", show_default=PUBLISHED),
    ] = None,
    video_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="For clip, a CLIP or SigLIP model of the hub or a folder; for lxmert, an LXMERT.",
            show_default="openai/clip-vit-base-patch32 or unc-nlp/lxmert-base-uncased",
        ),
    ] = None,
    text_model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="For bert, a model of its family; for clip and lxmert, the same as --video-model.",
            show_default="as there, or bert-base-uncased",
        ),
    ] = None,
    pooling: Annotated[
        Pooling | None,
        typer.Option(
            help="How tokens become one feature: the mean of all, that of the words without the special "
            "tokens, or the first.",
            show_default="mean for bert, words for lxmert",
        ),
    ] = DEFAULTS.pooling,
    image_size: Annotated[
        int | None, typer.Option(help="Shorter side of a frame in pixels.", show_default="the detector's own")
    ] = None,
    proposals: Annotated[
        int | None,
        typer.Option(help="Regions that the detector looks at; fewer are faster.", show_default="its own"),
    ] = None,
    frames: Annotated[
        int, typer.Option(help="Frames of each clip, uniformly spaced; their features are averaged.")
    ] = DEFAULTS.frames,
    keep_regions: Annotated[
        bool,
        typer.Option("--keep-regions", help="Store the box, score, class and features of each region."),
    ] = False,
    region_precision: Annotated[
        RegionPrecision, typer.Option(help="How region features are stored.")
    ] = DEFAULTS.region_precision,
    region_names: Annotated[
        bool, typer.Option("--region-names", help="Store what classes and attributes are called.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of random weights.")] = DEFAULTS.seed,
    batch_size: Annotated[int, typer.Option(help="Frames or snippets at a time.")] = DEFAULTS.batch_size,
    precision: Annotated[
        EncoderPrecision,
        typer.Option(help="Of the networks; of detectors, the head alone. fp16 is for GPUs."),
    ] = DEFAULTS.precision,
    device: Annotated[Device, typer.Option(help="Where to compute.")] = DEFAULTS.device,
    workers: Annotated[
        int, typer.Option(help="Processes on this machine, a film each, OMP_NUM_THREADS threads each.")
    ] = DEFAULTS.workers,
    engine: Annotated[
        Engine, typer.Option(help="This machine, or a Ray cluster (pip install 'mmtool\\[ray]').")
    ] = DEFAULTS.engine,
    address: Annotated[
        str | None,
        typer.Option(help="Of a Ray cluster that is running.", show_default="one on this machine"),
    ] = None,
    video_name: Annotated[
        str | None, typer.Option(help="Name of the features file.", show_default="the encoder's")
    ] = None,
    text_name: Annotated[
        str | None, typer.Option(help="Likewise, for text.", show_default="the encoder's")
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Turn clips and snippets into features.

    Reads clips/ (and videos/, unless the encoder is timing) and snippets/; writes features/NAME.h5.
    A call that was interrupted goes on where it stopped.

    Example: mmtool extract my-corpus --video-encoder faster-rcnn-resnet50 --text-encoder bert
    """
    with error_boundary():
        settings = ExtractSettings(
            video_encoder=video_encoder,
            text_encoder=text_encoder,
            video_weights=video_weights,
            text_weights=text_weights,
            video_model=video_model,
            text_model=text_model,
            video_name=video_name,
            text_name=text_name,
            pooling=pooling,
            image_size=image_size,
            proposals=proposals,
            frames=frames,
            keep_regions=keep_regions,
            region_precision=region_precision,
            region_names=region_names,
            seed=seed,
            batch_size=batch_size,
            precision=precision,
            device=device,
            workers=workers,
            engine=engine,
            address=address,
            force=force,
        )
        from mmtool.stages.extract import extract as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
