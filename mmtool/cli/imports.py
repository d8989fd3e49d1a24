"""``mmtool import …``: other people's corpora and checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from mmtool.choices import Action
from mmtool.cli.console import run_stage
from mmtool.cli.lazy import Group
from mmtool.cli.options import HERE, CorpusArgument, Force, Json

app = typer.Typer(
    cls=Group,
    help="Bring somebody else's corpus or checkpoint into a corpus folder.",
    epilog="Example: mmtool import yms downloads/yms my-corpus",
    no_args_is_help=True,
)


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
    from mmtool.stages.imports import import_yms

    run_stage(
        lambda _: import_yms(folder, corpus, keep_unmatched=keep_unmatched, force=force), as_json=as_json
    )


@app.command("checkpoint")
def checkpoint(
    file: Annotated[Path, typer.Argument(help="The authors' checkpoint.", metavar="FILE")],
    corpus: CorpusArgument = HERE,
    run: Annotated[str, typer.Option(help="Name of the run, a folder below runs/.")] = ...,  # type: ignore[assignment]
    video: Annotated[
        str, typer.Option(help="Video features that the network reads.", show_default="the only ones")
    ] = "",
    text: Annotated[
        str, typer.Option(help="Text features that it reads.", show_default="the only ones")
    ] = "",
    action: Annotated[
        list[Action] | None,
        typer.Option(
            help="The actions of the classes, in order; repeat the option.",
            show_default="of three: pop-video, pop-text, match-retain-text",
        ),
    ] = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Import a network that the authors' program trained, ready to align.

    Reads FILE, whose names and shapes tell the variant: projected or full inputs; SBN, 2×LN, 4×LN or
    none. FILE holds no projection and no normalisation: they are taken from features/NAME.rp.h5, or
    for full inputs fitted on features/NAME.h5 and splits/train.txt. Writes runs/RUN.

    Example: mmtool import checkpoint best.pth my-corpus --run published
    """
    from mmtool.stages.imports import import_checkpoint

    run_stage(
        lambda _: import_checkpoint(
            file, corpus, run=run, video=video, text=text, actions=action or (), force=force
        ),
        as_json=as_json,
    )
