"""One video in memory → its alignment by timing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mmtool.alignment.pins.constraints import PinError, within_extent
from mmtool.alignment.pins.timed import with_pins_to_the_clip
from mmtool.alignment.screenplay.lasting import screen_seconds
from mmtool.alignment.timing.evidence import Observations
from mmtool.alignment.timing.inputs import ExtentError, spoken_texts
from mmtool.alignment.timing.mixture import align_by_mixture
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.alignment.timing.timed_alignment import TimedAlignment
from mmtool.alignment.timing.word_evidence import word_evidence
from mmtool.alignment.timing.word_weights import WordWeights
from mmtool.arrays import Floats
from mmtool.choices import Decoder, TimingModel, TimingPath
from mmtool.constraints import Constraints
from mmtool.decoders import VideoToAlign
from mmtool.errors import InputError
from mmtool.formats.digests import digest_json
from mmtool.language_codes import AUTO, base_code
from mmtool.records import Alignment, Evidence, Interval, Snippet
from mmtool.screenplay_kinds import NEITHER, is_screenplay, placeable_texts
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.heard_text import HeardText
from mmtool.stages.align.heard_times import by_heard_screenplay
from mmtool.stages.align.judged_timing import with_grounds
from mmtool.stages.align.known_times import KnownTimes, by_cues_alone, known_times
from mmtool.stages.align.outputs import Grounds, judged_alignment
from mmtool.stages.align.pinned import evidence_of
from mmtool.text.language_detection import detect_language, scripts_of_language
from mmtool.text.scripts import main_scripts
from mmtool.text.syllables import has_rule

_LEAST_CHARACTERS = 150  # of a text whose language is compared with the one that was named


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
    notes, texts = [], [snippet.text for snippet in snippets]
    if is_screenplay(snippets):
        count = sum(snippet.kind in NEITHER for snippet in snippets)
        what = "names, parentheticals, transitions and page lines of the screenplay"
        notes += [f"{count:,} {what} are not read aloud and were not placed"] if count else []
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
    """What about a text's scripts and its language makes its reading times less certain."""
    scripts = main_scripts("".join(texts))
    if not scripts:
        return []
    notes = [
        f"reading times in the {script} script are not known; a generic rate per letter was used"
        for script in scripts
        if not has_rule(script)
    ]
    if len(scripts) > 1:
        names = f"{', '.join(scripts[:-1])} and {scripts[-1]}"
        notes.append(f"the text mixes the {names} scripts; one pace was used for all of it")
    if settings.language == AUTO:
        return notes
    named = base_code(settings.language)
    usual = scripts_of_language(named)
    if usual and scripts[0] not in usual and has_rule(scripts[0]):
        notes.append(f"the text is in the {scripts[0]} script, but `language={settings.language}`")
    elif len(scripts) == 1 and usual and sum(map(len, texts)) >= _LEAST_CHARACTERS:
        found = detect_language(texts)
        if found not in ("", named):
            notes.append(f"the text looks like language {found}, but `language={settings.language}`")
    return notes


def align_video(
    video: VideoToAlign,
    settings: AlignSettings | None = None,
    *,
    title: str = "",
    sources: Sources,
    heard: HeardText | None = None,
) -> Alignment:
    """Align one video by timing with the package's parameters, and judge the result; nothing is written.

    Args:
        video: The clips and the snippets.
        settings: ``path``, ``text_start``, ``text_end`` and ``min_confidence`` have an effect.
        title: The film's title, which helps to recognise logos and credits.
        sources: The files to name in errors.
        heard: What was heard of the text.

    Raises:
        InputError: The text cannot be a narration of these clips.
    """
    settings, parameters = settings or AlignSettings(), default_parameters()
    digest = digest_json(parameters.to_dict())
    timed = time_video(video, settings, parameters, digest, title=title, sources=sources, heard=heard)
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
    known: KnownTimes | None = None,
    heard: HeardText | None = None,
    weights: WordWeights | None = None,
) -> TimedVideo:
    """Align one video by timing, and by similarity where it is given; raises InputError if impossible.

    ``digest`` is that of the parameters, which takes longer to compute than a short video to align.
    ``following`` is the share of films whose cuts follow their texts, where it was learned, and ``heard``
    what was heard of the texts. ``known`` are the times of the text; None: those of the snippets. ``weights``
    say how much heard words count; None: those of the package.
    """
    language = language_of([snippet.text for snippet in video.snippets], settings)
    constraints = video.constraints
    known = known or known_times(video.clips, video.snippets, settings)
    usual = Evidence.TIMING if video.similarity is None else Evidence.FEATURES
    try:
        timed = None
        if known.cues is not None:
            timed = by_cues_alone(video, known.cues, _limits(video, settings), known.gone)
        elif heard is not None and heard.screenplay is not None:
            timed = by_heard_screenplay(video, heard.screenplay, _limits(video, settings))
        if timed is None:
            told = _told(video, heard, language, weights)
            timed = _timed(video, settings, parameters, title, language, following, known.cues, told)
        if constraints is not None:
            clips = [clip.interval for clip in video.clips]
            timed = with_pins_to_the_clip(timed, constraints, clips, _temperature(settings, parameters))
        if constraints is not None or known.cues is not None:
            # what it was worth elsewhere says nothing about pins and cues
            timed = replace(timed, mixture=None)
    except PinError as error:
        raise InputError(sources.clips, error.problem, error.remedy) from error
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
        evidence=_evidence(video, timed, known.cues, heard, usual),
    )
    return TimedVideo(*with_grounds(alignment, timed))


def _limits(video: VideoToAlign, settings: AlignSettings) -> Constraints | None:
    """Pins, and the extent of the text where the settings say it."""
    if video.constraints is not None or (settings.text_start is None and settings.text_end is None):
        return video.constraints
    texts = [snippet.text for snippet in video.snippets]
    film = Interval(video.clips[0].start, max(clip.end for clip in video.clips))
    return within_extent(Constraints.none(len(texts)), texts, settings.text_start, settings.text_end, film)


def _temperature(settings: AlignSettings, parameters: TimingParameters) -> float:
    return parameters.temperature if settings.timing_model is TimingModel.CHANNEL else 1.0


def _evidence(
    video: VideoToAlign,
    timed: TimedAlignment,
    cues: Floats | None,
    heard: HeardText | None,
    usual: Evidence,
) -> tuple[Evidence | None, ...]:
    """What decided where each snippet is: a pin, its own times, words that were heard, or the usual."""
    words = set() if heard is None or heard.words is None else heard.words.snippets
    if heard is not None and heard.screenplay is not None:
        words = set(np.flatnonzero(heard.screenplay.lines.heard).tolist())
    found = list(evidence_of(len(video.snippets), timed.matches, video.constraints, usual))
    for number, one in enumerate(found):
        if one is usual and cues is not None and not np.isnan(cues[number, 0]):
            found[number] = Evidence.CUE
        elif one is usual and number in words:
            found[number] = Evidence.WORDS
    return tuple(found)


def _told(
    video: VideoToAlign, heard: HeardText | None, language: str, weights: WordWeights | None
) -> list[Observations]:
    """What was heard, as evidence of when the snippets are told; empty where nothing was."""
    if heard is None or heard.words is None:
        return []
    reading = seconds_of([snippet.text for snippet in video.snippets], language)
    bounds = np.unique(np.array([clip.interval for clip in video.clips]).round(6))
    return word_evidence(heard.words, reading, bounds, weights)


def _timed(
    video: VideoToAlign,
    settings: AlignSettings,
    parameters: TimingParameters,
    title: str,
    language: str,
    following: float | None,
    cues: Floats | None,
    told: Sequence[Observations],
) -> TimedAlignment:
    start, end = (None, None) if video.constraints else (settings.text_start, settings.text_end)
    clips, texts = [clip.interval for clip in video.clips], placeable_texts(video.snippets)
    viterbi = settings.path is TimingPath.VITERBI
    if settings.timing_model is TimingModel.CHANNEL:
        return align_narration(
            clips,
            texts,
            parameters,
            title=title,
            emissions=video.similarity,
            text_start=start,
            text_end=end,
            most_probable_path=viterbi,
            constraints=video.constraints,
            cues=cues,
        )
    return align_by_mixture(
        clips,
        texts,
        parameters,
        title=title,
        language=language,
        emissions=video.similarity,
        text_start=start,
        text_end=end,
        most_probable_path=viterbi,
        following=following,
        constraints=video.constraints,
        cues=cues,
        told=told,
        lasting=_lasting(video.snippets, language),
    )


def _lasting(snippets: Sequence[Snippet], language: str) -> Floats | None:
    """How many seconds (M,) the elements of a screenplay last; None for a text that is read aloud."""
    if not is_screenplay(snippets):
        return None
    return screen_seconds(snippets, seconds_of([snippet.text for snippet in snippets], language))
