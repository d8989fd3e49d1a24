"""A run's matcher: the network of its checkpoint, its vocabulary, and how it reads clips."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmtool.choices import CheckpointChoice
from mmtool.encoders.tokens.word_pieces import WordPieces
from mmtool.errors import CallError, InputError
from mmtool.features.joined import MATCHER
from mmtool.formats.checkpoints import REMEDY, checkpoint_digest, choose_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.matcher_checkpoints import MatcherCheckpoint, read_matcher_checkpoint
from mmtool.fusion_choices import Fusion
from mmtool.matcher_choices import ClipTokens, SelfAttention
from mmtool.matching.fused import make_matcher
from mmtool.matching.model import Matcher
from mmtool.matching.shape import OF_SOURCES, MatcherShape, SourceShape
from mmtool.matching.tokens import Scaling
from mmtool.matching.trained import SourceReader, TrainedMatcher
from mmtool.matching.vocabulary import Pieces, Vocabulary, is_content
from mmtool.records import EncoderIdentity
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.modalities import names_of
from mmtool.stages.shared.stored_words import StoredWords


def open_trained(path: Path, device: torch.device, corpus: Corpus) -> TrainedMatcher:
    """The matcher of a checkpoint; raises InputError for one that is damaged, or whose words have changed."""
    checkpoint = read_matcher_checkpoint(path)
    settings = matcher_settings(checkpoint, path)
    identity = EncoderIdentity(
        name=MATCHER,
        model=f"multiway-{settings.size}",
        weights=(digest := checkpoint_digest(path)),
        dimension=shape_of(checkpoint, path).width,
        settings={"space": digest, "clip_tokens": str(settings.clip_tokens), "video": checkpoint.video},
    )
    network = load_matcher(checkpoint, path).to(device)
    return TrainedMatcher(
        network,
        pieces_of(checkpoint, settings, path, corpus),
        readers_of(checkpoint, network.shape, settings.regions),
        identity=identity,
        missing=settings.missing,
    )


def open_run(
    corpus: Corpus, run: str, device: torch.device, choice: CheckpointChoice = CheckpointChoice.AUTO
) -> TrainedMatcher:
    """The matcher of a run: its best checkpoint if it stopped early, otherwise its last."""
    path = choose_checkpoint(corpus.run(run), choice, trained_with="--preset multiway")
    return open_trained(path, device, corpus)


def readers_of(checkpoint: MatcherCheckpoint, shape: MatcherShape, regions: int) -> list[SourceReader]:
    """How a checkpoint's matcher reads each source of a clip."""
    mean, deviation = checkpoint.mean.numpy(), checkpoint.deviation.numpy()
    if not shape.sources:
        scaling = Scaling(mean, deviation)
        return [SourceReader(checkpoint.video, shape.clip_tokens, scaling, shape.grid[1], regions)]
    ends = np.cumsum([source.dimension for source in shape.sources])
    return [
        SourceReader(
            name,
            source.clip_tokens,
            Scaling(mean[end - source.dimension : end], deviation[end - source.dimension : end]),
            source.frames,
            regions,
        )
        for name, source, end in zip(names_of(checkpoint.video), shape.sources, ends, strict=True)
    ]


def shape_of(checkpoint: MatcherCheckpoint, path: Path) -> MatcherShape:
    """The shape of a checkpoint's network; raises InputError where it is none."""
    values = dict(checkpoint.shape)
    try:
        values["attention"] = SelfAttention(str(values["attention"]))
        values["clip_tokens"] = ClipTokens(str(values["clip_tokens"]))
        grid = values.pop("grid")
        if not isinstance(grid, list) or len(grid) != 2 or not all(type(side) is int for side in grid):
            raise TypeError(f"a grid of {grid!r}")
        if "sources" in values:
            values["sources"] = sources = _sources_of(values["sources"])
            values["fusion"] = Fusion(str(values["fusion"]))
            widths, names = [source.dimension for source in sources], checkpoint.video.split(",")
            if len(widths) != len(names) or sum(widths) != values["clip_dimension"]:
                raise ValueError(f"sources of {widths}")
        return MatcherShape(**values, grid=(grid[0], grid[1]))  # type: ignore[arg-type]
    except (LookupError, AttributeError, TypeError, ValueError) as error:
        raise InputError(path, "declares a network that does not exist", REMEDY) from error


def load_matcher(checkpoint: MatcherCheckpoint, path: Path) -> Matcher:
    """The network of a checkpoint, in evaluation mode."""
    try:
        with torch.device("meta"):  # no time for random weights that the checkpoint replaces
            network = make_matcher(shape_of(checkpoint, path))
        network.load_state_dict(checkpoint.network, assign=True)
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError, OverflowError) as error:
        raise InputError(path, "declares a network whose weights it does not hold", REMEDY) from error
    return network.eval()


def matcher_settings(checkpoint: MatcherCheckpoint, path: Path) -> MatcherSettings:
    """The settings that a checkpoint was trained with; raises InputError where they are not settings."""
    try:
        return MatcherSettings.from_dict(checkpoint.settings)
    except (TypeError, ValueError, CallError) as error:
        raise InputError(path, f"was not trained with possible settings ({error})", REMEDY) from error


def pieces_of(checkpoint: MatcherCheckpoint, settings: MatcherSettings, path: Path, corpus: Corpus) -> Pieces:
    """The vocabulary of a checkpoint; raises InputError where that of its model is another now."""
    most = int(str(checkpoint.shape["max_words"]))
    if settings.word_states:
        stored = StoredWords(corpus, settings.word_states, model=settings.words, max_words=most)
        if stored.digest != checkpoint.pieces:
            problem = (
                f"was trained on words of another encoder than features/{settings.word_states}.h5 has now"
            )
            raise InputError(path, problem, "extract those again, or train the run again with `force`")
        return stored
    if not settings.words:
        return Vocabulary(checkpoint.vocabulary, most)
    pieces = WordPieces(settings.words, max_words=most, is_content=is_content)
    if pieces.digest != checkpoint.pieces:
        raise InputError(
            path,
            f"was trained with other word pieces than {settings.words} has now",
            "put the same model there, or train the run again with `force`",
        )
    return pieces


def shape_as_json(shape: MatcherShape) -> dict[str, object]:
    """The inverse of :func:`shape_of`; fields about sources stand in it only where there are several."""
    values = asdict(shape) | {
        "attention": str(shape.attention),
        "clip_tokens": str(shape.clip_tokens),
        "grid": list(shape.grid),
    }
    if not shape.sources:
        return {name: value for name, value in values.items() if name not in OF_SOURCES}
    sources = [asdict(source) | {"clip_tokens": str(source.clip_tokens)} for source in shape.sources]
    return values | {"sources": sources, "fusion": str(shape.fusion)}


def _sources_of(values: Any) -> tuple[SourceShape, ...]:
    """The sources of a shape; raises LookupError, TypeError and ValueError where they are none."""
    found = []
    for value in values:
        numbers = {name: value[name] for name in ("dimension", "frames")}
        if not all(type(number) is int and number > 0 for number in numbers.values()):
            raise TypeError(f"a source of {numbers}")
        found.append(SourceShape(clip_tokens=ClipTokens(str(value["clip_tokens"])), **numbers))
    return tuple(found)
