"""One film and one text → their alignment in memory, without a corpus."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import Decoder
from mmtool.decoders import VideoToAlign
from mmtool.errors import CallError, InputError, SettingError
from mmtool.records import Alignment, Clip, Evidence, Interval, Progress, Quality, Snippet, Verdict, silent
from mmtool.settings.align import AlignSettings
from mmtool.settings.options import Settings, settings_of
from mmtool.settings.run import EMBEDDED, NO_TRANSCRIPT, FilmSettings, chosen_settings
from mmtool.stages.align import (
    HeardText,
    Sources,
    align_video,
    language_of,
    notes_on,
    notes_on_times,
    text_in,
)
from mmtool.stages.run.sources import require_film_and_text
from mmtool.stages.run.transcript import beside_note, require_transcript, subtitles_of
from mmtool.stages.segment import cut_film, split_text
from mmtool.transcripts.assembly import within
from mmtool.transcripts.readers import read_transcript

# The settings that have an effect without a corpus; the others write files, or need a run or features.
IN_MEMORY = frozenset(
    {
        *("detector", "threshold", "min_clip_frames", "detector_options", "weights", "start", "end"),
        *("incomplete", "clips", "split", "language", "text_format", "encoding"),
        *("decoder", "path", "timing_model", "text_start", "text_end", "cue_times", "min_confidence"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A snippet that was placed, and where: from the first of its clips to the end of the last.

    Attributes:
        text: The snippet's text.
        start: Seconds from the start of the film.
        end: Seconds from the start of the film.
        confidence: The probability that the place is right, 0..1.
        intervals: The time of the snippet's clips; several if clips between them belong to others.
        snippet: The snippet's index.
        clips: The indices of its clips.
        evidence: What decided where the snippet is; None if that is not known.
    """

    text: str
    start: float
    end: float
    confidence: float
    intervals: tuple[Interval, ...]
    snippet: int
    clips: tuple[int, ...]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmAlignment:
    """When a film shows what a text says.

    Attributes:
        alignment: The clips, the snippets, which belong together, and with which confidence.
        quality: How far the alignment can be trusted.
        notes: What the user should know about the film and the text.
    """

    alignment: Alignment
    quality: Quality
    notes: tuple[str, ...] = ()

    @property
    def clips(self) -> tuple[Clip, ...]:
        """The clips of the film, in the order of time."""
        return self.alignment.clips

    @property
    def snippets(self) -> tuple[Snippet, ...]:
        """The snippets of the text, in reading order."""
        return self.alignment.snippets

    @property
    def matches(self) -> tuple[Match, ...]:
        """The snippets that were placed, in reading order."""
        clips: dict[int, list[int]] = {}
        for clip, snippet in sorted(self.alignment.matches):
            clips.setdefault(snippet, []).append(clip)
        found = []
        for number, own in sorted(clips.items()):
            intervals = tuple(self.alignment.intervals(number))
            found.append(
                Match(
                    text=self.snippets[number].text,
                    start=intervals[0].start,
                    end=intervals[-1].end,
                    confidence=self.alignment.snippet_confidence[number],
                    intervals=intervals,
                    snippet=number,
                    clips=tuple(own),
                    evidence=self.alignment.evidence[number] if self.alignment.evidence else None,
                )
            )
        return tuple(found)

    @property
    def unplaced(self) -> tuple[Snippet, ...]:
        """The snippets that no clip shows, in reading order."""
        placed = {snippet for _, snippet in self.alignment.matches}
        return tuple(snippet for number, snippet in enumerate(self.snippets) if number not in placed)

    @property
    def expected_iou(self) -> float | None:
        """The text IoU that is expected, 0..1; None if unknown."""
        return self.quality.expected_iou

    @property
    def expected_accuracy(self) -> float | None:
        """The share of the film's time that is expected to be labelled right, 0..1; None if unknown."""
        return self.quality.expected_accuracy

    @property
    def verdict(self) -> Verdict:
        """Whether the alignment can be trusted; ``quality.reasons`` has the reasons to doubt it."""
        return self.quality.verdict


def align_film(
    film: Path | str,
    text: Path | str,
    settings: FilmSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> FilmAlignment:
    """Align one film with one text by timing; nothing is written.

    The result is that of :func:`mmtool.run` with the same settings, which keeps its work in a corpus and
    can also compare pictures with words.

    Args:
        film: The film.
        text: Its text: txt, srt, vtt, ass, tsv, csv, jsonl or fountain.
        settings: All settings; or give them as keywords: the fields of :class:`FilmSettings`, and those of
            the settings of segment and align, such as ``split="sentences"``, ``threshold=20`` or
            ``text_start=12.5``.
        progress: Hears how many frames of the film are scored.

    Raises:
        CallError: The settings are impossible, or a file cannot be used.
    """
    settings = chosen_settings(FilmSettings, settings, options)
    for group in (settings.segment, settings.align):
        _refuse_others(group)
    aligning = settings.align_in_language
    film, text = Path(film), Path(text)
    require_film_and_text(film, text)

    def on_frames(done: int, total: int | None, rate: float) -> None:
        progress("cutting", done, total, "frames", per_second=rate)

    try:
        snippets = split_text(text, settings.segment)
        cut = cut_film(film, settings.segment, on_frames)
        heard, said = _heard(settings, aligning, film, text, cut.clips, snippets.snippets)
        alignment = align_video(
            VideoToAlign(id=film.stem, clips=cut.clips, snippets=snippets.snippets),
            aligning,
            title=settings.title or film.stem,
            sources=Sources(film, text),
            heard=heard,
        )
    except InputError as error:
        raise CallError(str(error)) from error
    if alignment.quality is None:
        raise ValueError("an alignment that was not judged")
    times = notes_on_times(cut.clips, snippets.snippets, settings.align)
    notes = (*cut.notes, *snippets.notes, *times, *notes_on(snippets.snippets, aligning), *said)
    return FilmAlignment(alignment=alignment, quality=alignment.quality, notes=notes)


def _heard(
    settings: FilmSettings,
    aligning: AlignSettings,
    film: Path,
    text: Path,
    clips: Sequence[Clip],
    snippets: Sequence[Snippet],
) -> tuple[HeardText | None, list[str]]:
    """What is heard of the text by a transcript that is named, or lies beside the film; and notes."""
    if settings.transcript == EMBEDDED:
        raise SettingError("transcript", f"{EMBEDDED} needs a corpus; use `mmtool run`")
    if settings.transcript == NO_TRANSCRIPT:
        return None, []
    found = [Path(settings.transcript)] if settings.transcript else subtitles_of(film, text)
    if len(found) != 1:
        return None, []
    path = found[0]
    require_transcript(path)
    notes = []
    if settings.transcript is None:
        notes.append(beside_note(path))
    transcript = within(read_transcript(path), max(clip.end for clip in clips))
    language = language_of([snippet.text for snippet in snippets], aligning)
    heard = text_in(transcript, path.name, snippets, aligning, language)
    return heard, [*notes, *(f"{path}: {note}" for note in transcript.notes), *heard.notes]


def _refuse_others(settings: Settings) -> None:
    """Raise SettingError for a setting that has no effect in memory."""
    for name, setting in settings_of(type(settings)).items():
        if name not in IN_MEMORY and getattr(settings, name) != setting.default:
            raise SettingError(name, "has no effect in memory; leave it out, or use `mmtool run`")
    decoder = getattr(settings, "decoder", None)
    if decoder not in (None, Decoder.SEMI_MARKOV):
        raise SettingError("decoder", f"{decoder} needs a corpus; use `mmtool run`")
