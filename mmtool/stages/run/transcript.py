"""What is said in the film: a transcript that is named, found beside or inside of the film, or heard."""

from collections.abc import Sequence
from pathlib import Path

from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.formats.film_digests import film_digest
from mmtool.formats.provenance import Recipe, State, recorded, state_of
from mmtool.records import Progress
from mmtool.settings.run import EMBEDDED, NO_TRANSCRIPT, RunSettings
from mmtool.settings.transcribe import TranscribeSettings
from mmtool.stages.run.sources import place
from mmtool.stages.shared.transcript_files import transcript_files
from mmtool.text import SUBTITLE_SUFFIXES
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.json_lines import write_segments
from mmtool.transcripts.readers import read_transcript
from mmtool.video.subtitle_tracks import SubtitleTrack, read_subtitle_track, subtitle_tracks

MADE_BY = ("run", "transcribe")


def provide_transcript(corpus: Corpus, id: str, settings: RunSettings, progress: Progress) -> list[str]:
    """Put the transcript that the settings ask for into ``transcripts/``; return notes.

    Raises:
        CallError: There is no such file or track, or the corpus has a transcript of the user's own.
        InputError: The transcript cannot be read, or the model cannot be loaded.
    """
    if settings.listen:
        return _listen(corpus, id, settings, progress)
    if settings.transcript == EMBEDDED:
        return _embed(corpus, id, settings)
    if settings.transcript == NO_TRANSCRIPT:
        _make_room(corpus, id, keep=None)
        return []
    if settings.transcript is not None:
        _place(corpus, id, Path(settings.transcript))
        return []
    if transcript_files(corpus, id):
        return []
    beside = subtitles_of(settings.video, settings.text)
    if len(beside) == 1:
        _place(corpus, id, beside[0])
        return [beside_note(beside[0])]
    return _offers(settings.video)


def beside_note(path: Path) -> str:
    """What is said of subtitles that were found beside the film."""
    return f"{path}: is read as the transcript of the film; `transcript={NO_TRANSCRIPT}` leaves it out"


def subtitles_of(video: Path, text: Path) -> list[Path]:
    """Subtitles with the name of the film beside it or beside the text, unless they are the text itself."""
    if text.suffix.lower() in SUBTITLE_SUFFIXES:
        return []
    folders = dict.fromkeys((video.resolve().parent, text.resolve().parent))
    return [
        path
        for folder in folders
        for path in sorted(folder.glob("*"))
        if path.stem == video.stem and path.suffix.lower() in SUBTITLE_SUFFIXES and path.is_file()
    ]


def _offers(video: Path) -> list[str]:
    """A note on subtitles inside of the film, which nobody has asked for."""
    readable = [track for track in subtitle_tracks(video) if track.is_text]
    if not readable:
        return []
    counted = "a track" if len(readable) == 1 else f"{len(readable)} tracks"
    named = ", ".join(track.described for track in readable)
    return [f"{video}: has {counted} of subtitles, {named}; `transcript={EMBEDDED}` uses what they say"]


def require_transcript(path: Path) -> None:
    """Raise SettingError for a file that is missing, or whose suffix is not that of a transcript."""
    if not path.is_file():
        raise SettingError("transcript", f"{path}: no such file; name a file, {EMBEDDED} or {NO_TRANSCRIPT}")
    if path.suffix.lower() not in TRANSCRIPT_SUFFIXES:
        raise SettingError(
            "transcript",
            f"{path}: is not a supported transcript (accepted: {', '.join(TRANSCRIPT_SUFFIXES)})",
        )


def _place(corpus: Corpus, id: str, path: Path) -> None:
    require_transcript(path)
    read_transcript(path)  # fails before anything is written; notes are those of align
    target = corpus.transcript(id).parent / f"{id}{path.suffix}"
    is_there = target.is_file() and digest_file(target) == digest_file(path)
    _make_room(corpus, id, keep=target if is_there else None)
    place(path, target)


def _embed(corpus: Corpus, id: str, settings: RunSettings) -> list[str]:
    track = _track(settings.video, subtitle_tracks(settings.video), settings.transcript_track)
    output = corpus.transcript(id)
    film = film_digest(settings.video, corpus.film_note(settings.video)).current
    recipe = Recipe("run", {"subtitles": track.number}, {settings.video.name: film})
    if settings.force or state_of(output, recipe) is not State.CURRENT:
        cues = read_subtitle_track(settings.video, track.number)
        if not cues:
            raise InputError(settings.video, f"subtitles {track.described} are empty", "choose another track")
        _make_room(corpus, id, keep=None)
        with recorded(output, recipe) as part:
            write_segments(part, {"language": track.language[:3]}, cues)
    return [f"{settings.video}: subtitles {track.described} are its transcript"]


def _track(video: Path, tracks: Sequence[SubtitleTrack], wanted: str | None) -> SubtitleTrack:
    """The track that is wanted: by its number or its language, otherwise the first that is text."""
    readable = [track for track in tracks if track.is_text]
    if not readable:
        problem = "subtitles that are pictures, not text" if tracks else "no subtitles inside"
        raise SettingError("transcript", f"is {EMBEDDED}, but {video} has {problem}; give a subtitle file")
    if wanted is None:
        return readable[0]
    by_number = [track for track in readable if str(track.number) == wanted]
    by_language = [track for track in readable if track.language and _same_language(track.language, wanted)]
    if found := by_number or by_language:
        return found[0]
    named = ", ".join(track.described for track in readable)
    raise SettingError("transcript_track", f"is {wanted}, but the subtitles of {video} are {named}")


def _same_language(code: str, wanted: str) -> bool:
    """Whether codes name one language; eng and en do."""
    return (
        code.lower()[:2] == wanted.lower()[:2] if len(code) != len(wanted) else code.lower() == wanted.lower()
    )


def _listen(corpus: Corpus, id: str, settings: RunSettings, progress: Progress) -> list[str]:
    from mmtool.stages.transcribe import transcribe

    _make_room(corpus, id, keep=corpus.transcript(id))
    chosen = TranscribeSettings(
        model=settings.speech_model, language=settings.segment.language, force=settings.force
    )
    heard = transcribe(corpus.root, chosen, progress=progress)
    if heard.failures:
        raise CallError(heard.failures[0].reason)
    return heard.notes


def _make_room(corpus: Corpus, id: str, keep: Path | None) -> None:
    """Remove transcripts that earlier calls placed or made; raises CallError for one of the user's own."""
    for path in transcript_files(corpus, id):
        if path == keep:
            continue
        if not (path.is_symlink() or _is_made(path)):
            raise CallError(
                f"{path}: is a transcript of your own; remove it, or choose another folder to write"
            )
        path.unlink()


def _is_made(path: Path) -> bool:
    """Whether a transcript was made by a command and not changed since."""
    return any(
        state_of(path, Recipe(stage, {}, {"": digest_file(path)})) is not State.FOREIGN for stage in MADE_BY
    )
