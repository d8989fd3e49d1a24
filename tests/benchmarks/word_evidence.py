"""What transcripts are worth: video accuracy and text IoU of timing alone, and with what was heard.

    python tests/benchmarks/word_evidence.py CORPUS [--split val] [--leave-one-out]

CORPUS has clips/, snippets/, annotations/ and transcripts/, which its user provides, perhaps videos.csv and
splits/. Prints a line for each video and the means. With ``--leave-one-out``, the timing parameters of each
video are estimated on the others, in ten folds; otherwise they are those of the package. Nothing is written.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from mmtool.alignment.timing.cross_fit import cross_fit
from mmtool.alignment.timing.fit import AnnotatedNarration
from mmtool.alignment.timing.parameters import TimingParameters, default_parameters
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


def measured(
    corpus: Corpus, id: str, film: Film, parameters: TimingParameters, heard: HeardText, title: str
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
    )
    return score([clip.interval for clip in clips], truth, timed.alignment.matches)


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
    print("video\twords\ttiming alone\twith words")
    alone, together = [], []
    for id, film in films.items():
        clips, snippets, _ = film
        settings = AlignSettings()
        language = language_of([snippet.text for snippet in snippets], settings)
        try:
            heard = heard_text(corpus, settings, id, clips, snippets, language)
        except InputError as error:
            print(f"{id}\t{error}")
            continue
        if not heard.notes:
            continue  # no transcript
        own = parameters.get(id, default_parameters())
        title = titles.get(id, "")
        alone.append(measured(corpus, id, film, own, HeardText(), title))
        together.append(measured(corpus, id, film, own, heard, title))
        share = f"{heard.words.count}/{heard.words.written}" if heard.words else "none"
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
