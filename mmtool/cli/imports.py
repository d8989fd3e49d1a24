"""``mmtool import …``: other people's corpora."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.cli.console import run_stage
from mmtool.cli.options import Force, Json

app = typer.Typer(help="Bring somebody else's corpus into a corpus folder.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command("yms")
def yms(
    folder: Annotated[
        Path, typer.Argument(help="The folder with the released annotation files.", metavar="DIR")
    ],
    corpus: Annotated[Path, typer.Argument(help="The corpus folder to write.")],
    keep_unmatched: Annotated[
        bool,
        typer.Option(
            "--keep-unmatched",
            help="Keep phrases that match no pictures as snippets; the paper leaves them out.",
        ),
    ] = False,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Import YouTube Movie Summaries: clips, snippets, annotations, splits and titles.

    Reads DIR/annotations_phrases.txt, clip_segmentation.txt, movie_list.txt, url_list.txt and the three
    splits; writes clips/, snippets/, annotations/, splits/ and videos.csv. The films themselves are not
    part of the release; videos.csv has their addresses.

    Example: mmtool import yms YMS/annotations yms
    """
    from mmtool.stages.import_yms import import_yms

    run_stage(
        lambda _: import_yms(folder, corpus, keep_unmatched=keep_unmatched, force=force), as_json=as_json
    )
