"""One video in memory → its alignment by timing."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmtool.alignment.timing import semi_markov
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.choices import Decoder, TimingPath
from mmtool.decoders import VideoToAlign
from mmtool.errors import InputError
from mmtool.formats.digests import digest_json
from mmtool.records import Alignment, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.judged_timing import with_grounds
from mmtool.stages.align.outputs import Grounds, judged_alignment


class TimedVideo(NamedTuple):
    """An alignment that is not judged yet, and what judging it needs."""

    alignment: Alignment
    grounds: Grounds


class Sources(NamedTuple):
    """The files that clips and snippets come from, for error messages."""

    clips: Path
    snippets: Path


def notes_on(snippets: Sequence[Snippet]) -> list[str]:
    """What the user should know about the snippets: which of them timing leaves without a clip."""
    texts = [snippet.text for snippet in snippets]
    count = len(texts) - len(semi_markov.spoken_texts(texts))
    if not count:
        return []
    return [
        "1 snippet has no letters and was not placed"
        if count == 1
        else f"{count} snippets have no letters and were not placed"
    ]


def align_video(
    video: VideoToAlign, settings: AlignSettings | None = None, *, title: str = "", sources: Sources
) -> Alignment:
    """Align one video by timing with the package's parameters, and judge the result; nothing is written.

    Args:
        video: The clips and the snippets.
        settings: ``path``, ``text_start``, ``text_end`` and ``min_confidence`` have an effect.
        title: The film's title, which helps to recognise logos and credits.
        sources: The files to name in errors.

    Raises:
        InputError: The text cannot be a narration of these clips.
    """
    settings, parameters = settings or AlignSettings(), default_parameters()
    digest = digest_json(parameters.to_dict())
    timed = time_video(video, settings, parameters, digest, title=title, sources=sources)
    alignment, _ = judged_alignment(timed.alignment, settings.min_confidence, timed.grounds)
    return alignment


def time_video(
    video: VideoToAlign,
    settings: AlignSettings,
    parameters: TimingParameters,
    digest: str,
    *,
    title: str,
    sources: Sources,
) -> TimedVideo:
    """Align one video by timing, and by similarity where it is given; raises InputError if impossible.

    ``digest`` is that of the parameters, which takes longer to compute than a short video to align.
    """
    try:
        timed = semi_markov.align_narration(
            [clip.interval for clip in video.clips],
            [snippet.text for snippet in video.snippets],
            parameters,
            title=title,
            emissions=video.similarity,
            text_start=settings.text_start,
            text_end=settings.text_end,
            most_probable_path=settings.path is TimingPath.VITERBI,
        )
    except semi_markov.ExtentError as error:
        raise InputError(sources.clips, str(error), "give another `text_start` or `text_end`") from error
    except ValueError as error:
        raise InputError(sources.snippets, str(error), "correct it, then align it again") from error
    alignment = Alignment(
        id=video.id,
        clips=tuple(video.clips),
        snippets=tuple(video.snippets),
        matches=timed.matches,
        clip_confidence=tuple(timed.clip_confidence.tolist()),
        snippet_confidence=tuple(timed.snippet_confidence.tolist()),
        decoder=str(Decoder.SEMI_MARKOV),
        checkpoint=digest,
        candidates=timed.candidates,
    )
    return TimedVideo(*with_grounds(alignment, timed))
