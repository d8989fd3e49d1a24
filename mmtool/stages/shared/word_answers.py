"""What in the chosen clip of each snippet answers to its words, for pages that show it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np

from mmtool.choices import CheckpointChoice, EncoderPrecision
from mmtool.errors import InputError, SettingError
from mmtool.formats.corpus import Corpus
from mmtool.html_report.page import ShownAnswers
from mmtool.model_names import RERANKERS
from mmtool.records import Alignment
from mmtool.settings.devices import AUTO
from mmtool.stages.shared.pair_models import PairModel, open_pair_model

STRONG = 0.02  # of the strongest answer; weaker ones are not shown


class WordAnswers:
    """Explains the matches of alignments with one matcher."""

    def __init__(self, model: PairModel) -> None:
        self._model = model

    def of(self, alignment: Alignment) -> dict[int, ShownAnswers]:
        """What answers to the words of each matched snippet, in the clip that fits it best.

        Only parts of the middle frame are kept, which is the one that pages show. Raises InputError if what
        the matcher reads of the film is missing.
        """
        clips_of: dict[int, list[int]] = {}
        for clip, snippet in alignment.matches:
            clips_of.setdefault(snippet, []).append(clip)
        self._model.check(alignment.id, list(alignment.clips))
        found = {}
        for snippet, clips in clips_of.items():
            matcher = self._model.matcher
            states = matcher.clips(self._model.materials.read(alignment.id, clips))
            texts = matcher.texts([alignment.snippets[snippet].text])
            pairs = np.stack([np.arange(len(clips)), np.zeros(len(clips), np.int64)], axis=1)
            best = int(matcher.match(states, texts, pairs).argmax())
            try:
                maps = matcher.word_maps(states, best, texts, 0)
            except ValueError:
                continue  # a clip without regions
            strongest = float(maps.maps.max(initial=0.0))
            kept = maps.frames == (int(maps.frames[maps.in_frames].max(initial=0)) + 1) // 2
            kept &= maps.in_frames
            if not strongest or not kept.any():
                continue
            shares = np.where(maps.maps[:, kept] < STRONG * strongest, 0.0, maps.maps[:, kept] / strongest)
            boxes = maps.boxes[kept].astype(float).round(4).tolist()
            found[snippet] = ShownAnswers(
                clips[best], maps.words, shares.astype(float).round(3).tolist(), boxes
            )
        return found


@dataclass(frozen=True, slots=True)
class _Published:
    """The settings of a published model that explains pages: of one frame a clip, which pages show."""

    reranker: str | None
    run: str = ""
    checkpoint: CheckpointChoice = CheckpointChoice.AUTO
    frames: int = 1
    batch_size: int | None = None
    precision: EncoderPrecision = EncoderPrecision.FP32
    device: str = AUTO


@contextmanager
def open_word_answers(corpus: Corpus, model: str) -> Iterator[WordAnswers]:
    """Load the matcher of a run, or a published one by the name or folder that there is no run of.

    Raises InputError for another kind of run, SettingError for a published model that cannot explain pairs.
    """
    is_published = "/" in model or (model in RERANKERS and not corpus.run(model).exists())
    settings = _Published(model) if is_published else _Published(None, run=model)
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(open_pair_model(corpus, settings))
        except InputError as error:
            if not is_published:
                raise
            remedy = "name a local folder of such a model, or a run of the matcher, with `explain`"
            raise InputError(error.path, error.problem, remedy) from error
        if not opened.matcher.matches:
            raise InputError(corpus.run(model), "judges no pairs", "name the run of a matcher")
        if not opened.matcher.explains:
            raise SettingError(
                "explain", f"cannot be {opened.name}, which cannot explain pairs; use blip or vilt"
            )
        yield WordAnswers(opened)
