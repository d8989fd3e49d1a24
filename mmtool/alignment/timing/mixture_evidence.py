"""What the mixture of timing hypotheses knows about one alignment, for judging it without the truth."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureEvidence:
    """The evidence of the mixture for one video.

    Attributes:
        weights: The posterior probability of each hypothesis by its name, summing to 1: ``channel`` (a
            video like those that the parameters were learned from), ``cuts`` (a narration whose sentences
            begin at cuts), ``steady`` and ``loose`` (a narration that ignores cuts and drifts little, or
            much), ``proportional`` (spread over the whole film by reading time), ``untold`` (a text that
            nobody reads aloud).
        expected_accuracy: The expected share (0..1) of the clips' time with the right label, over the
            posterior.
        expected_text_iou: The expected temporal IoU (0..1), averaged over the snippets that are read aloud,
            over placements drawn from the posterior.
        against_nothing: The log-odds that the length of the film depends on the text at all: the evidence
            of all hypotheses but ``untold``, minus that of a film whose length is unrelated to the text.
            Below 0, the text may belong to another film.
        cut_score: By how many standard deviations the cuts fit the text better than the same clips in
            another order do.
        log_ratio: The log of the film's length divided by the text's reading time; about 0.1 for a
            narration, above 1.5 for a text that nobody reads aloud.
        language: The language by which reading times were counted (ISO 639-1), or empty.
        known_pace: Whether the pace of readers is known for the language or at least for the script.
    """

    weights: Mapping[str, float]
    expected_accuracy: float
    expected_text_iou: float
    against_nothing: float
    cut_score: float
    log_ratio: float
    language: str = ""
    known_pace: bool = True
