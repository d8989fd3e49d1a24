"""What is heard of a video's text: its transcript, matched with the snippets, and notes about it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mmtool.alignment.screenplay.placed import HeardScreenplay, heard_screenplay
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.words.heard import HeardWords, heard_words
from mmtool.choices import TimingModel, Use
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file
from mmtool.language_codes import base_code
from mmtool.records import Clip, Snippet, Transcript
from mmtool.screenplay_kinds import is_screenplay, spoken_texts_of
from mmtool.settings.align import AlignSettings
from mmtool.stages.shared.transcript_files import transcript_file, unread_files
from mmtool.stages.shared.transcripts import transcript_of
from mmtool.text.language_detection import detect_language
from mmtool.transcripts import TRANSCRIPT_SUFFIXES
from mmtool.transcripts.assembly import ONLY_SOUNDS

WORDS_VERSION = 3  # is raised when the same words give a film other labels


class HeardText(NamedTuple):
    """The words of a text that were heard, None without evidence; and notes about the transcript.

    ``screenplay`` says where the elements of a screenplay were heard; None for any other text. ``mismatch``
    says why the transcript in ``path`` is that of another text.
    """

    words: HeardWords | None = None
    screenplay: HeardScreenplay | None = None
    notes: tuple[str, ...] = ()
    mismatch: str = ""
    path: Path = Path()


def heard_text(
    corpus: Corpus,
    settings: AlignSettings,
    id: str,
    clips: Sequence[Clip],
    snippets: Sequence[Snippet],
    language: str,
) -> HeardText:
    """Match the transcript of a video, if it has one that counts, with its text.

    Raises:
        InputError: The transcript cannot be read, or the video has several.
    """
    if settings.transcript is not Use.USE or not snippets:
        return HeardText()
    path, transcript = transcript_file(corpus, id), transcript_of(corpus, id, list(clips))
    if path is None or transcript is None:
        return HeardText(notes=_others(corpus, id))
    name = path.relative_to(corpus.root).as_posix()
    found = text_in(transcript, name, snippets, settings, language)
    repaired = tuple(f"{name}: {note}" for note in transcript.notes if transcript.words)
    return found._replace(path=path, notes=(*found.notes, *repaired))


def _others(corpus: Corpus, id: str) -> tuple[str, ...]:
    """Notes on files that are named like a transcript, and that nothing reads."""
    return tuple(
        f"{path.relative_to(corpus.root).as_posix()} was ignored: it is not a supported transcript "
        f"(accepted: {', '.join(TRANSCRIPT_SUFFIXES)})"
        for path in unread_files(corpus, id)
    )


def text_in(
    transcript: Transcript, name: str, snippets: Sequence[Snippet], settings: AlignSettings, language: str
) -> HeardText:
    """The same for a transcript that is called ``name`` in notes."""
    if settings.timing_model is TimingModel.CHANNEL:
        return HeardText(notes=(f"{name} was ignored: `timing_model=channel` reads no transcript",))
    texts, script = [snippet.text for snippet in snippets], is_screenplay(snippets)
    words = heard_words(spoken_texts_of(snippets) if script else texts, transcript, language)
    if words.tells:
        whole = "dialogue" if script else "text"
        said = [f"{words.count} of the {whole}'s {_words(words.written)} heard in {name}"]
        said += _loops(words, name)
        if not script:
            return HeardText(words, notes=tuple(said))
        found = heard_screenplay(snippets, words, seconds_of(texts, language), language)
        return HeardText(words, found, (*said, *found.notes()))
    problem = _mismatch(transcript, words, language)
    notes = (f"{name} {problem}; it was ignored", *_loops(words, name))
    return HeardText(notes=notes, mismatch=problem)


def ignored_transcript(corpus: Corpus, settings: AlignSettings, id: str, decoder: str) -> list[str]:
    """A note on a transcript that a decoder other than timing does not read."""
    path = transcript_file(corpus, id) if settings.transcript is Use.USE else None
    if path is None:
        return []
    return [f"{id}: {path.relative_to(corpus.root).as_posix()} was ignored: the decoder {decoder} reads none"]


def words_recipe(corpus: Corpus, settings: AlignSettings, id: str) -> list[object]:
    """What a recipe says of the transcript; nothing without one that counts."""
    if not _counts(settings):
        return []
    path = transcript_file(corpus, id)
    return [] if path is None else [["words", WORDS_VERSION, digest_file(path)]]


def _counts(settings: AlignSettings) -> bool:
    return settings.transcript is Use.USE and settings.timing_model is TimingModel.MIXTURE


def _mismatch(transcript: Transcript, words: HeardWords, language: str) -> str:
    """Why a transcript does not count, as the predicate of a sentence."""
    if not transcript.words:
        if _is_longer(transcript):
            return "has no words before the end of the film"
        sounds = any(note == ONLY_SOUNDS for note in transcript.notes)
        return "has no words, only sounds such as music" if sounds else "has no words"
    said = " ".join(word.text for word in transcript.words)
    spoken = base_code(transcript.language) if transcript.language else detect_language([said])
    if spoken and language and spoken != language:
        return f"is in another language ({spoken}) than the text ({language})"
    return (
        f"does not match the text: of {_words(words.spoken)} heard and {words.written} written, "
        f"{words.count} match"
    )


def _is_longer(transcript: Transcript) -> bool:
    """Whether words after the end of the film were left out."""
    return any(note.startswith("longer than the film") for note in transcript.notes)


def _loops(words: HeardWords, name: str) -> list[str]:
    if not words.looping:
        return []
    return [f"{name} repeats itself: {_words(words.looping)} in loops of the recogniser left out"]


def _words(count: int) -> str:
    return "1 word" if count == 1 else f"{count} words"
