"""One video in memory → its alignment by timing."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmtool.alignment.timing.inputs import ExtentError, spoken_texts
from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.choices import Decoder, TimingModel, TimingPath
from mmtool.decoders import VideoToAlign
from mmtool.errors import InputError
from mmtool.formats.digests import digest_json
from mmtool.language_codes import AUTO, base_code
from mmtool.records import Alignment, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.judged_timing import with_grounds
from mmtool.stages.align.outputs import Grounds, judged_alignment
from mmtool.text.language_detection import detect_language, scripts_of_language
from mmtool.text.scripts import OTHER, main_script
from mmtool.text.syllables import has_rule


class TimedVideo(NamedTuple):
    """An alignment that is not judged yet, and what judging it needs."""

    alignment: Alignment
    grounds: Grounds


class Sources(NamedTuple):
    """The files that clips and snippets come from, for error messages."""

    clips: Path
    snippets: Path


def notes_on(snippets: Sequence[Snippet], settings: AlignSettings | None = None) -> list[str]:
    """What the user should know about the snippets.

    Which of them timing leaves without a clip, and whether readers' pace is unknown for their script.
    """
    settings = settings or AlignSettings()
    texts = [snippet.text for snippet in snippets]
    notes = []
    count = len(texts) - len(spoken_texts(texts))
    if count:
        notes.append(
            "1 snippet has no letters and was not placed"
            if count == 1
            else f"{count} snippets have no letters and were not placed"
        )
    if settings.timing_model is TimingModel.MIXTURE:
        notes += _notes_on_script(texts, settings)
    return notes


def _notes_on_script(texts: Sequence[str], settings: AlignSettings) -> list[str]:
    script = main_script("".join(texts))
    if script == OTHER:
        return []
    if not has_rule(script):
        return [f"reading times in the {script} script are not known; a generic rate per letter was used"]
    usual = scripts_of_language(base_code(settings.language))
    if usual and script not in usual:
        return [f"the text is in the {script} script, but `language={settings.language}`"]
    return []


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


def language_of(texts: Sequence[str], settings: AlignSettings) -> str:
    """The language (ISO 639-1) of a video's texts, asked for or detected; empty where it cannot be told."""
    return detect_language(texts) if settings.language == AUTO else base_code(settings.language)


def time_video(
    video: VideoToAlign,
    settings: AlignSettings,
    parameters: TimingParameters,
    digest: str,
    *,
    title: str,
    sources: Sources,
    following: float | None = None,
) -> TimedVideo:
    """Align one video by timing, and by similarity where it is given; raises InputError if impossible.

    ``digest`` is that of the parameters, which takes longer to compute than a short video to align.
    ``following`` is the share of films whose cuts follow their texts, where it was learned.
    """
    language = language_of([snippet.text for snippet in video.snippets], settings)
    try:
        timed = _timed(video, settings, parameters, title, language, following)
    except ExtentError as error:
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
        language=language if settings.timing_model is TimingModel.MIXTURE else "",
    )
    return TimedVideo(*with_grounds(alignment, timed))


def _timed(
    video: VideoToAlign,
    settings: AlignSettings,
    parameters: TimingParameters,
    title: str,
    language: str,
    following: float | None,
) -> TimedAlignment:
    clips, texts = [clip.interval for clip in video.clips], [snippet.text for snippet in video.snippets]
    viterbi = settings.path is TimingPath.VITERBI
    if settings.timing_model is TimingModel.CHANNEL:
        return align_narration(
            clips,
            texts,
            parameters,
            title=title,
            emissions=video.similarity,
            text_start=settings.text_start,
            text_end=settings.text_end,
            most_probable_path=viterbi,
        )
    return align_by_mixture(
        clips,
        texts,
        parameters,
        title=title,
        language=language,
        emissions=video.similarity,
        text_start=settings.text_start,
        text_end=settings.text_end,
        most_probable_path=viterbi,
        following=following,
    )
