"""A clip and a snippet → word maps as a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.plots.word_maps import write_word_maps
from mmtool.records import Clip, Progress, Report, silent
from mmtool.retrieval.contract import WordMaps
from mmtool.settings.explain import ExplainSettings
from mmtool.stages.shared.clip_blocks import require_finite
from mmtool.stages.shared.clip_materials import FilmFrames
from mmtool.stages.shared.clips_and_snippets import read_pair
from mmtool.stages.shared.pair_models import open_pair_model

LETTERS = 120  # of the snippet, in the title


@dataclass(frozen=True, slots=True)
class WordAnswer:
    """A word, and the part of the clip that answers to it most.

    Attributes:
        word: The word or word piece.
        strength: How much that part answers, as a share of the strongest answer to any word.
        frame: The number of its frame, from 1; None if nothing answers, or a modality of the whole clip.
        box: x1, y1, x2, y2 of the part, as shares of the frame's width and height; None without a frame.
        source: Of a run of several modalities, the one that the part is of; None if nothing answers.
    """

    word: str
    strength: float
    frame: int | None
    box: tuple[float, float, float, float] | None
    source: str | None = None


@dataclass(slots=True, kw_only=True)
class ExplainReport(Report):
    """The picture, the log-odds that the two fit, and each word's strongest answer."""

    stage: ClassVar[str] = "explain"
    picture: Path
    log_odds: float
    words: list[WordAnswer] = field(default_factory=list)

    @property
    def modalities(self) -> bool:
        """Whether the clip has parts of several modalities."""
        return any(word.source for word in self.words)

    @property
    def facts(self) -> dict[str, object]:
        return {"log-odds": f"{self.log_odds:+.2f}", "picture": str(self.picture)}


def explain(
    root: Path | str,
    settings: ExplainSettings | None = None,
    *,
    progress: Progress = silent,
    **options: object,
) -> ExplainReport:
    """Draw what in a clip answers to each word of a snippet, by a trained matcher or a published model.

    Args:
        root: The corpus folder.
        settings: All settings; or give them as keywords, the fields of :class:`ExplainSettings`.
        progress: Hears nothing: one pair is explained at once.

    Returns:
        A report with the picture's path, and each word's strongest answer.

    Raises:
        CallError: The settings are impossible, there is no such clip or snippet, or what the matcher reads of
            it is missing.
    """
    del progress
    settings, corpus = ExplainSettings.chosen(settings, options), Corpus.open(Path(root))
    id, clip = settings.video_and_clip
    try:
        clips, snippets = read_pair(corpus, id)
        if clip >= len(clips):
            raise SettingError("clip", f"must be one of the {len(clips)} clips of {id}, not {clip + 1}")
        if settings.snippet > len(snippets):
            problem = f"must be one of the {len(snippets)} snippets of {id}, not {settings.snippet}"
            raise SettingError("snippet", problem)
        text = snippets[settings.snippet - 1].text
        enc_token = settings.blip_enc_token
        with open_pair_model(corpus, settings, blip_enc_token=enc_token, explaining=True) as model:
            model.check(id, clips)
            states = model.matcher.clips(model.materials.read(id, [clip]))
            words = model.matcher.texts([text])
            odds = float(model.matcher.match(states, words, np.zeros((1, 2), np.int64))[0])
            require_finite(model.matcher, np.array([odds]))
            maps = model.matcher.word_maps(states, 0, words, 0)
            name = model.name
        pictures, notes = _pictures(corpus, id, clips[clip], maps)
    except InputError as error:
        raise CallError(str(error)) from error
    except ValueError as error:
        raise CallError(f"{settings.clip}: {error}") from error
    path = settings.output or corpus.explained(name) / f"{id}-{clip + 1}-{settings.snippet}.png"
    title = f"{settings.clip}, snippet {settings.snippet} (log-odds {odds:+.2f}): {text[:LETTERS]}"
    shown, answers = maps.in_frames, _answers(maps)
    if not shown.all():
        drawn = (
            f"only the parts of {maps.shown} are"
            if shown.any()
            else "no modality has parts in frames that could be"
        )
        notes.append(f"{drawn} drawn; the modality that answers is named beside a word")
    write_word_maps(
        path,
        _labels(answers, maps),
        maps.maps[:, shown],
        maps.frames[shown],
        maps.boxes[shown],
        pictures,
        title=title,
    )
    return ExplainReport(
        picture=path,
        log_odds=odds,
        words=answers,
        done=[settings.clip],
        notes=notes,
        written=[str(path)],
    )


def _labels(answers: Sequence[WordAnswer], maps: WordMaps) -> list[str]:
    """The words, each with the modality that answers most if its parts are not drawn."""
    drawn = maps.shown if maps.in_frames.any() else ""
    return [
        answer.word if answer.source in (None, drawn) else f"{answer.word}\n({answer.source})"
        for answer in answers
    ]


def _pictures(
    corpus: Corpus, id: str, clip: Clip, maps: WordMaps
) -> tuple[list[NDArray[np.uint8]], list[str]]:
    """The frames of the clip that its regions come from, or a note on why there are none."""
    count = int(maps.frames[maps.in_frames].max(initial=0)) + 1
    frames = FilmFrames(corpus, count)
    film = frames.film(id)
    if film is None:
        return [], [f"{corpus.clips(id)}: has no film in videos/, so the parts are drawn without pictures"]
    from mmtool.video.frames import read_clip_frames

    return [found.frame.pixels for found in read_clip_frames(film, [clip], count)], []


def _answers(maps: WordMaps) -> list[WordAnswer]:
    strongest = float(maps.maps.max(initial=0.0))
    found = []
    for word, row in zip(maps.words, maps.maps, strict=True):
        best = int(row.argmax())
        if not row[best] > 0:
            found.append(WordAnswer(word, 0.0, None, None))
            continue
        strength, source = float(row[best]) / strongest, maps.sources[best] if maps.sources else None
        if maps.frames[best] < 0:
            found.append(WordAnswer(word, strength, None, None, source))
            continue
        left, top, right, bottom = map(float, maps.boxes[best])
        found.append(
            WordAnswer(word, strength, int(maps.frames[best]) + 1, (left, top, right, bottom), source)
        )
    return found
