"""``mmtool segment``."""

from typing import Annotated

import typer

from mmtool.choices import TextFormat, TextSplit
from mmtool.cli.console import error_boundary, run_stage
from mmtool.cli.options import HERE, CorpusArgument, Force, Json
from mmtool.settings import SegmentSettings

DEFAULTS = SegmentSettings()


def segment(
    corpus: CorpusArgument = HERE,
    threshold: Annotated[
        float, typer.Option(help="A cut is where a frame differs more than this from the one before, 0–255.")
    ] = DEFAULTS.threshold,
    min_clip_frames: Annotated[
        int, typer.Option(help="No clip is shorter than this.")
    ] = DEFAULTS.min_clip_frames,
    split: Annotated[
        TextSplit, typer.Option(help="Leave texts as their lines or cues (none), or split them further.")
    ] = DEFAULTS.split,
    language: Annotated[
        str, typer.Option(help="The texts' language, an ISO 639 code; phrases have a model for en only.")
    ] = DEFAULTS.language,
    text_format: Annotated[
        TextFormat, typer.Option(help="What .txt files hold; auto tells screenplays by their scene headings.")
    ] = DEFAULTS.text_format,
    force: Force = DEFAULTS.force,
    as_json: Json = False,
) -> None:
    """Cut films into clips and texts into snippets.

    Reads videos/ and texts/ (txt, srt, vtt, ass, tsv, csv, jsonl, fountain); writes
    clips/ID.csv and snippets/ID.csv.
    The cuts are those of PySceneDetect's content detector.

    Example: mmtool segment my-corpus --split sentences
    """
    with error_boundary():
        settings = SegmentSettings(threshold, min_clip_frames, split, force, language, text_format)
        from mmtool.stages.segment import segment as stage

    run_stage(lambda progress: stage(corpus, settings, progress=progress), as_json=as_json)
