"""Estimate where people end phrases, from the YMS annotations, and measure it.

    python examples/train_phrases.py YMS_DIR                     # measure the shipped model on val
    python examples/train_phrases.py YMS_DIR --split test
    python examples/train_phrases.py YMS_DIR --output model.json # train on the training split, measure it

YMS_DIR holds annotations_sentences.txt, annotations_phrases.txt and the three split files. Training
needs scikit-learn. The phrases are found in the sentences word by word (case and punctuation aside); a
sentence that the phrases do not cover wholly says nothing and is left out, and only borders inside a
sentence count.
"""

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from mmtool.text.phrase_features import gap_features
from mmtool.text.phrases import PhraseModel, shipped_model

SPLITS = {"train": "training_split.txt", "val": "val_split.txt", "test": "test_split.txt"}
Example = tuple[list[str], set[int]]  # a sentence's words, and before which of them a phrase begins

STRENGTH = 0.3  # of the likelihood against the L1 penalty
FEWEST_VIDEOS = 5  # that have a feature; what fewer have is about their films
FOLDS = 5  # of videos, to find the threshold
THRESHOLDS = [percent / 100 for percent in range(20, 41)]


def main() -> None:
    """Read the command line, train where asked, measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", choices=SPLITS, default="val", help="what is measured")
    parser.add_argument("--output", type=Path, help="train, and write the model here")
    asked = parser.parse_args()
    model = shipped_model()
    if asked.output:
        model = train(read_examples(asked.folder, "train"))
        write(model, asked.output)
    measured = [example for video in read_examples(asked.folder, asked.split) for example in video]
    precision, recall, f1 = measure(model, measured)
    sentences, borders = len(measured), sum(len(borders) for _, borders in measured)
    print(f"{asked.split}: {sentences} sentences, {borders} borders inside them")
    print(f"precision {precision:.3f}  recall {recall:.3f}  F1 {f1:.3f}")


def read_examples(folder: Path, split: str) -> list[list[Example]]:
    """The examples of each video of a split."""
    sentences, phrases = (read_texts(folder / f"annotations_{what}.txt") for what in ("sentences", "phrases"))
    lines = (folder / SPLITS[split]).read_text(encoding="utf-8").splitlines()
    ids = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    return [list(examples_of(sentences[id], phrases[id])) for id in ids]


def read_texts(path: Path) -> dict[str, list[list[str]]]:
    """The words of each text of each video, without the mark of what is told out of place."""
    texts = defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        place, _, text = line.partition("\t")
        if words := re.sub(r"^UNMATCHED:?\s*", "", text).split():
            texts[place.split("_")[0]].append(words)
    return texts


def examples_of(sentences: list[list[str]], phrases: list[list[str]]) -> Iterator[Example]:
    """The examples of one video, whose phrases are found among the words of its sentences."""
    told, marked = ([bare(word) for text in texts for word in text] for texts in (sentences, phrases))
    begins, at = set(), 0
    for phrase in phrases:
        begins.add(at)
        at += len(phrase)
    place = {}  # of a word of the sentences among those of the phrases
    for found in SequenceMatcher(None, told, marked, autojunk=False).get_matching_blocks():
        place.update((found.a + k, found.b + k) for k in range(found.size))
    at = 0
    for words in sentences:
        places = [place.get(at + k) for k in range(len(words))]
        at += len(words)
        if None not in places:
            yield words, {k for k in range(1, len(words)) if places[k] in begins}


def bare(word: str) -> str:
    """A word without its case and punctuation."""
    return re.sub(r"\W", "", word.lower()) or word


def train(videos: list[list[Example]]) -> PhraseModel:
    """Weigh features by logistic regression under an L1 penalty, most of them with nothing."""
    scores = []  # of the videos that a model did not see
    for fold in range(FOLDS):
        weights, bias = fit([video for n, video in enumerate(videos) if n % FOLDS != fold])
        model = PhraseModel(weights=weights, bias=bias, threshold=0.5)
        scores += [
            (model, example) for n, video in enumerate(videos) if n % FOLDS == fold for example in video
        ]
    f1, best = max(
        (f1_of([(true, m.with_threshold(t).borders(words)) for m, (words, true) in scores])[2], t)
        for t in THRESHOLDS
    )
    print(f"threshold {best}: F1 {f1:.3f} by cross-validation over {len(videos)} videos")
    weights, bias = fit(videos)
    return PhraseModel(weights=weights, bias=bias, threshold=best)


def fit(videos: list[list[Example]]) -> tuple[dict[str, float], float]:
    """The weights of features and the bias."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    seen: dict[str, set[int]] = defaultdict(set)
    gaps, labels = [], []
    for number, video in enumerate(videos):
        for words, borders in video:
            for gap, features in enumerate(gap_features(words), start=1):
                gaps.append(features)
                labels.append(gap in borders)
                for name in features:
                    seen[name].add(number)
    table = DictVectorizer()
    rows = table.fit_transform(
        {name: 1.0 for name in features if len(seen[name]) >= FEWEST_VIDEOS} for features in gaps
    )
    rows.indices, rows.indptr = rows.indices.astype("int32"), rows.indptr.astype("int32")
    model = LogisticRegression(C=STRENGTH, solver="liblinear", l1_ratio=1, random_state=0).fit(rows, labels)
    names = table.get_feature_names_out()
    weights = {
        str(name): round(float(weight), 3)
        for name, weight in sorted(zip(names, model.coef_[0], strict=True))
        if round(float(weight), 3)
    }
    return weights, round(float(model.intercept_[0]), 3)


def measure(model: PhraseModel, examples: list[Example]) -> tuple[float, float, float]:
    """Precision, recall and F1 of a model."""
    return f1_of([(borders, model.borders(words)) for words, borders in examples])


def f1_of(pairs: list[tuple[set[int], list[int]]]) -> tuple[float, float, float]:
    """Precision, recall and F1 of found borders, over all pairs of true and found ones."""
    both = sum(len(true.intersection(found)) for true, found in pairs)
    precision = both / max(1, sum(len(found) for _, found in pairs))
    recall = both / max(1, sum(len(true) for true, _ in pairs))
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def write(model: PhraseModel, path: Path) -> None:
    """Write a model as a file that a person can read."""
    content = {
        "about": "Where people end phrases in English film synopses: bias + the weights of a gap's features "
        "is the log odds that a phrase ends there",
        "made by": "examples/train_phrases.py, from the annotated phrases of the training videos of YouTube "
        "Movie Summaries (YMS)",
        "threshold": model.threshold,
        "bias": model.bias,
        "weights": model.weights,
    }
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
