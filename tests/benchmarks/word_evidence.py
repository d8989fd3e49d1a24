"""What transcripts are worth: video accuracy and text IoU of timing alone, and with what was heard.

    python tests/benchmarks/word_evidence.py CORPUS [--split val] [--leave-one-out]

CORPUS has clips/, snippets/, annotations/ and transcripts/, which its user provides, perhaps videos.csv and
splits/. Prints a line for each video and the means. With ``--leave-one-out``, the timing parameters of each
video and the weights of words are learned on the others, in ten folds; otherwise they are those of the
package. Nothing is written.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

import numpy as np

from mmtool.alignment.timing.cross_fit import cross_fit
from mmtool.alignment.timing.fit import AnnotatedNarration
from mmtool.alignment.timing.pace import seconds_of
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
from mmtool.alignment.timing.word_fit import FOLDS, HeardNarration, fit_word_weights
from mmtool.alignment.timing.word_weights import WordWeights, default_word_weights
from mmtool.choices import Split
from mmtool.decoders import VideoToAlign
from mmtool.errors import InputError
from mmtool.evaluation.measures import VideoScore, score
from mmtool.formats.annotations import read_annotations
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.records import Clip, Interval, Snippet
from mmtool.settings.align import AlignSettings
from mmtool.stages.align.heard_text import HeardText, heard_text
from mmtool.stages.align.timed_video import Sources, language_of, time_video
from mmtool.stages.shared.clips_and_snippets import read_pair

Film = tuple[list[Clip], list[Snippet], list[Interval | None]]


def read(corpus: Corpus, id: str) -> Film:
    """Clips and snippets of a video, and the interval of each snippet, matched by text in order."""
    clips, snippets = read_pair(corpus, id)
    truth: list[Interval | None] = []
    annotations = list(read_annotations(corpus.annotations(id)))
    for snippet in snippets:
        place = next((n for n, one in enumerate(annotations) if one.text == snippet.text), None)
        truth.append(None if place is None else annotations[place].interval)
        annotations = annotations if place is None else annotations[place + 1 :]
    return clips, snippets, truth


def parameters_of(films: Mapping[str, Film], titles: Mapping[str, str]) -> dict[str, TimingParameters]:
    """For each video, timing parameters that were estimated without it."""
    narrations = [
        AnnotatedNarration(
            clips=[clip.interval for clip in clips],
            texts=[snippet.text for snippet in snippets],
            truth=truth,
            title=titles.get(id, ""),
        )
        for id, (clips, snippets, truth) in films.items()
    ]
    return dict(zip(films, cross_fit(narrations, default_parameters()), strict=True))


def weights_of(films: Mapping[str, Film], heard: Mapping[str, HeardText]) -> dict[str, WordWeights]:
    """For each video, weights of words that were learned without it."""
    narrations = {}
    for id, (clips, snippets, truth) in films.items():
        if (words := heard[id].words) is not None:
            texts = [snippet.text for snippet in snippets]
            narrations[id] = HeardNarration(
                heard=words,
                reading=seconds_of(texts, language_of(texts, AlignSettings())),
                bounds=np.unique(np.array([clip.interval for clip in clips]).round(6)),
                truth=truth,
            )
    folds = []
    for fold in range(FOLDS):
        others = [one for number, one in enumerate(narrations.values()) if number % FOLDS != fold]
        folds.append(fit_word_weights(others, default_word_weights()))
    return {id: folds[number % FOLDS] for number, id in enumerate(narrations)}


def measured(
    corpus: Corpus,
    id: str,
    film: Film,
    parameters: TimingParameters,
    heard: HeardText,
    title: str,
    weights: WordWeights,
) -> VideoScore:
    """The measures of one video."""
    clips, snippets, truth = film
    timed = time_video(
        VideoToAlign(id=id, clips=clips, snippets=snippets),
        AlignSettings(),
        parameters,
        digest_json(parameters.to_dict()),
        title=title,
        sources=Sources(corpus.clips(id), corpus.snippets(id)),
        heard=heard,
        weights=weights,
    )
    return score([clip.interval for clip in clips], truth, timed.alignment.matches)


def heard_in(corpus: Corpus, id: str, film: Film) -> HeardText:
    """What was heard of a video's text; says on the standard error what cannot be read."""
    clips, snippets, _ = film
    settings = AlignSettings()
    language = language_of([snippet.text for snippet in snippets], settings)
    try:
        return heard_text(corpus, settings, id, clips, snippets, language)
    except InputError as error:
        print(f"{id}\t{error}", file=sys.stderr)
        return HeardText()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", choices=[str(split) for split in Split], default=None)
    parser.add_argument("--leave-one-out", action="store_true", help="estimate parameters on other videos")
    arguments = parser.parse_args()
    corpus = Corpus.open(arguments.corpus)
    titles = corpus.titles()
    ids = corpus.split_ids(Split(arguments.split)) if arguments.split else sorted(corpus.known_ids())
    films = {id: read(corpus, id) for id in ids if corpus.annotations(id).exists()}
    parameters = parameters_of(films, titles) if arguments.leave_one_out else {}
    heard = {id: heard_in(corpus, id, film) for id, film in films.items()}
    weights = weights_of(films, heard) if arguments.leave_one_out else {}
    print("video\twords\ttiming alone\twith words")
    alone, together = [], []
    for id, film in films.items():
        if not heard[id].notes:
            continue  # no transcript
        own = parameters.get(id, default_parameters()), weights.get(id, default_word_weights())
        title = titles.get(id, "")
        alone.append(measured(corpus, id, film, own[0], HeardText(), title, own[1]))
        together.append(measured(corpus, id, film, own[0], heard[id], title, own[1]))
        words = heard[id].words
        share = f"{words.count}/{words.written}" if words else "none"
        print(f"{id}\t{share}\t{shown(alone[-1:])}\t{shown(together[-1:])}", flush=True)
    print(f"{len(alone)} videos\t\t{shown(alone)}\t{shown(together)}")


def shown(scores: list[VideoScore]) -> str:
    """Video accuracy / text IoU in %."""
    if not scores:
        return "none"
    accuracy, iou = fmean(s.video_accuracy for s in scores), fmean(s.text_iou for s in scores)
    return f"{100 * accuracy:.1f} / {100 * iou:.1f}"


if __name__ == "__main__":
    main()
