"""What to expect of alignments by the mixture of timing hypotheses."""

from dataclasses import replace

import numpy as np
import pytest

from mmtool.alignment.odds import shifted
from mmtool.alignment.quality import mean_confidence
from mmtool.alignment.timing import expectation
from mmtool.alignment.timing.expectation import (
    LANGUAGES,
    ExpectationModel,
    ObservedVideo,
    default_model,
    expected,
    features_of,
    fit_expectation,
)
from mmtool.alignment.timing.mixture_evidence import MixtureEvidence
from mmtool.alignment.timing.semi_markov import align_narration
from mmtool.records import Alignment, Clip, Evidence, Interval, Snippet
from mmtool.stages.align.judged_timing import UNCONFIRMED, with_grounds
from support.narrations import ASSUMED

EVIDENCE = MixtureEvidence(
    weights={"channel": 0.2, "cuts": 0.5, "untold": 0.3},
    expected_accuracy=0.6,
    expected_text_iou=0.4,
    against_nothing=3.0,
    cut_score=1.5,
    log_ratio=0.1,
)
UNCHANGED = ExpectationModel(iou={"expected_iou": 1.0}, accuracy={"expected_accuracy": 1.0})


def observed(name: str, shift: float, videos: int = 200) -> list[ObservedVideo]:
    """Videos whose measures are, in log-odds, lower by ``shift`` than the mixture expects."""
    rng, made = np.random.default_rng(len(name)), []
    for share in rng.uniform(0.15, 0.85, videos):
        evidence = replace(EVIDENCE, expected_text_iou=float(share), expected_accuracy=float(share))
        lower = float(1 / (1 + (1 - share) / share * np.exp(shift)))
        made.append(ObservedVideo(name, evidence, iou=lower, accuracy=lower))
    return made


def test_a_model_that_changes_nothing_expects_what_the_mixture_does() -> None:
    found = expected(EVIDENCE, UNCHANGED)
    assert (found.iou, found.accuracy) == (pytest.approx(0.4), pytest.approx(0.6))


def test_the_fit_learns_by_how_much_the_mixture_is_too_sure() -> None:
    model = fit_expectation(observed("a", 1.0), ridge=1.0)
    found = expected(EVIDENCE, model)
    assert found.iou == pytest.approx(1 / (1 + 1.5 * np.e), abs=0.03)
    assert found.accuracy < 0.45


def test_without_much_data_the_mixture_is_believed_but_for_a_constant() -> None:
    model = fit_expectation(observed("a", 0.0, videos=5), ridge=1e6)
    own = {"expected_iou": 1.0}
    assert {name: round(value, 3) for name, value in model.iou.items() if name != "constant"} == {
        name: own.get(name, 0.0) for name in features_of(EVIDENCE) if name not in ("constant", "foreign")
    }
    assert abs(model.iou["constant"]) < 0.05


def test_a_language_that_was_not_observed_has_what_foreign_ones_have_in_common() -> None:
    """Six equal effects of 1 share a ridge: 6/7 of it is common to all of them."""
    made = observed("en", 0.0, videos=40)
    for code in LANGUAGES:
        made += [
            replace(video, evidence=replace(video.evidence, language=code))
            for video in observed(code, 1.0, videos=40)
        ]
    model = fit_expectation(made, ridge=6.0)
    odds = {
        code: np.log(1 / expected(replace(EVIDENCE, language=code), model).accuracy - 1)
        for code in ("en", "es", "pl")
    }
    assert odds["es"] - odds["en"] == pytest.approx(1.0, abs=0.1)
    assert odds["pl"] - odds["en"] == pytest.approx(6 / 7, abs=0.1)


def test_a_large_data_set_counts_more_but_not_in_proportion(monkeypatch) -> None:
    """Weights of 100 and 25 videos are as 2 to 1, where the means of data sets do not count."""
    monkeypatch.setattr(expectation, "SET_PRECISION", 0.0)
    model = fit_expectation(observed("large", 1.0, videos=100) + observed("s", -1.0, videos=25), ridge=1e6)
    alone = fit_expectation(observed("large", 1.0, videos=100), ridge=1e6)
    assert alone.iou["constant"] == pytest.approx(-1.0, abs=0.05)
    assert model.iou["constant"] == pytest.approx(-1 / 3, abs=0.1)


def test_the_means_of_data_sets_count_alike_whatever_their_size(monkeypatch) -> None:
    monkeypatch.setattr(expectation, "SET_PRECISION", 1e6)
    model = fit_expectation(observed("large", 1.0, videos=100) + observed("s", -1.0, videos=25), ridge=1e6)
    assert model.iou["constant"] == pytest.approx(0.0, abs=0.1)


def test_nothing_to_learn_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="no video"):
        fit_expectation([], ridge=1.0)


def test_the_shipped_model_orders_videos_as_the_mixture_does_and_stays_within_bounds() -> None:
    assert {*default_model().iou, "foreign"} == set(features_of(EVIDENCE)) == set(default_model().accuracy)
    shares = [
        expected(replace(EVIDENCE, expected_text_iou=share, expected_accuracy=share))
        for share in (0.0, 0.2, 0.5, 1.0)
    ]
    ious = [found.iou for found in shares]
    assert ious == sorted(ious)
    assert 0 <= ious[0] < 0.1 < ious[-1] <= 1


def timed(mixture: MixtureEvidence | None):
    """An alignment of thirty clips of a second by timing, with what the mixture is said to know."""
    clips, texts = [Interval(float(k), k + 1.0) for k in range(30)], ["x" * 40, "♪", "x" * 90]
    found = replace(align_narration(clips, texts, ASSUMED), mixture=mixture)
    alignment = Alignment(
        id="v",
        clips=tuple(Clip(*clip) for clip in clips),
        snippets=tuple(map(Snippet, texts)),
        matches=found.matches,
        clip_confidence=tuple(found.clip_confidence.tolist()),
        snippet_confidence=tuple(found.snippet_confidence.tolist()),
        decoder="semi-markov",
        checkpoint="",
    )
    return alignment, found


def test_certainty_stays_what_it_is() -> None:
    for shift in np.linspace(-8, 8, 101):
        assert shifted(np.array([0.0, 1.0]), float(shift)).tolist() == [0.0, 1.0]


def test_confidence_is_corrected_to_what_is_expected() -> None:
    alignment, found = timed(EVIDENCE)
    corrected, grounds = with_grounds(alignment, found)
    wanted = expected(EVIDENCE)
    assert grounds.expected == wanted
    assert mean_confidence(corrected) == pytest.approx(wanted.accuracy, abs=1e-4)
    order = np.argsort(alignment.clip_confidence, kind="stable")
    assert (np.diff(np.array(corrected.clip_confidence)[order]) >= -1e-12).all()
    assert corrected.snippet_confidence[1] == 1.0  # what nobody can read stays certain
    assert (grounds.why_unknown, grounds.why_not_sound) == ("", UNCONFIRMED)


def test_only_what_cuts_a_channel_or_words_confirm_can_be_sound() -> None:
    sure = replace(EVIDENCE, expected_text_iou=0.8, expected_accuracy=0.8)
    for cuts, why in ((0.5, UNCONFIRMED), (0.75, "")):  # beside 0.2 of the channel
        mixture = replace(sure, weights={"channel": 0.2, "cuts": cuts, "steady": 0.8 - cuts})
        alignment, found = timed(mixture)
        assert with_grounds(alignment, found)[1].why_not_sound == why
        heard = replace(alignment, evidence=(Evidence.WORDS, None, Evidence.TIMING))
        assert with_grounds(heard, found)[1].why_not_sound == ""


def test_a_language_has_an_expectation_of_its_own() -> None:
    lower = [replace(v, evidence=replace(v.evidence, language="es")) for v in observed("es", 1.0)]
    model = fit_expectation(lower + observed("en", 0.0), ridge=1.0)
    spanish, english = (expected(replace(EVIDENCE, language=code), model).iou for code in ("es", "en"))
    assert spanish == pytest.approx(1 / (1 + 1.5 * np.e), abs=0.03)
    assert english == pytest.approx(0.4, abs=0.03)


def test_an_unknown_pace_informs_no_verdict() -> None:
    _, grounds = with_grounds(*timed(replace(EVIDENCE, known_pace=False)))
    assert grounds.why_unknown == "the pace of readers is not known for the script of this text"


def test_the_model_of_one_channel_is_believed() -> None:
    alignment, found = timed(None)
    same, grounds = with_grounds(alignment, found)
    assert same == alignment
    assert grounds.expected is not None
    assert grounds.expected.accuracy == pytest.approx(mean_confidence(alignment))
