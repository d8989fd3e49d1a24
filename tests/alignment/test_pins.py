"""Pins: found in any split, refused where they cannot be kept, kept by every decoder."""

import itertools

import numpy as np
import pytest

from mmtool.alignment.pins.clips import FREE, clip_constraints
from mmtool.alignment.pins.constraints import PinError, constraints_of
from mmtool.alignment.pins.places import Found, Places
from mmtool.alignment.pins.stretches import decode_between_pins
from mmtool.alignment.similarity.decoders import decode_by_dtw, decode_by_otam, decode_monotonically
from mmtool.constraints import Constraints
from mmtool.decoders import DecodedVideo, VideoToAlign
from mmtool.records import Clip, Interval, Pin, Snippet
from mmtool.settings.align import AlignSettings

TEXTS = ["The rain stops.", "Ann leaves the house. She runs.", "The rain stops.", "♪♪", "It was 1934."]
FILM = Interval(0.0, 100.0)


@pytest.mark.parametrize(
    ("text", "occurrence", "expected"),
    [
        ("the RAIN stops", 1, Found(0, 0, True, True)),
        ("The rain stops.", 2, Found(2, 2, True, True)),
        ("The rain stops.", 3, None),
        ("Ann leaves the house.", 1, Found(1, 1, True, False)),  # a finer split
        ("She runs.", 1, Found(1, 1, False, True)),
        ("Ann leaves the house. She runs. The rain stops.", 1, Found(1, 2, True, True)),  # a coarser one
        ("♪♪", 1, Found(3, 3, True, True)),
        ("It was 193", 1, None),  # no part of a word
    ],
)
def test_texts_are_found_in_another_split(text, occurrence, expected):
    assert Places(TEXTS).find(text, occurrence) == expected


def test_chinese_is_found_without_spaces():
    places = Places(["雨停了。安离开了房子。", "她跑。"])
    assert places.find("安离开了房子。", 1) == Found(0, 0, False, True)


def test_pins_bound_starts_and_ends():
    pins = [
        Pin("The rain stops.", 10.0, None, 2),
        Pin("She runs.", 5.0, 6.0),
        Pin("♪♪", absent=True),
        Pin("It was 1934.", None, 90.0),
    ]
    found = constraints_of(pins, TEXTS, FILM)
    inf = np.inf
    np.testing.assert_array_equal(found.start, [[-inf, inf], [-inf, 5], [10, 10], [-inf, inf], [-inf, inf]])
    np.testing.assert_array_equal(found.end, [[-inf, inf], [6, 6], [-inf, inf], [-inf, inf], [90, 90]])
    assert found.absent.tolist() == [False, False, False, True, False]
    assert found.pinned.tolist() == [False, True, True, False, True]


@pytest.mark.parametrize(
    ("pins", "parts"),
    [
        ([Pin("Rain stops.", 1.0, None, 3, line=4)], ["line 4", "Rain stops.", "occurs 2 times"]),
        (
            [Pin("She runs.", 1.0, line=1), Pin("She runs.", 5.0, None, 9, line=2)],
            ["line 2", "occurrence 9", "line 1 pins it, too"],
        ),
        ([Pin("It was 1943.", 1.0, line=2)], ["no snippet has this text", "snippet 4", "It was 1934."]),
        ([Pin("She runs.", 1.0, 101.0, line=3)], ["line 3", "101 s is outside of the film"]),
        (
            [Pin("It was 1934.", 7.0, line=1), Pin("It was 1934", 8.0, line=5)],
            ["line 1", "line 5", "contradict", "7 s", "8 s"],
        ),
        (
            [Pin("It was 1934.", 7.0, line=1), Pin("It was 1934", absent=True, line=2)],
            ["line 1", "line 2", "contradict", "not in the film"],
        ),
        (
            [Pin("It was 1934.", 7.0, line=1), Pin("She runs.", None, 9.0, line=2)],
            ["line 1", "line 2", "order", "9 s", "7 s"],
        ),
    ],
)
def test_pins_that_cannot_be_kept_are_named(pins, parts):
    with pytest.raises(PinError) as caught:
        constraints_of(pins, TEXTS, FILM)
    for part in parts:
        assert part in str(caught.value)


def bounds(snippets: int, **of: tuple[float | None, float | None]) -> Constraints:
    """Constraints with exact starts and ends: ``s1=(start, end)`` is about snippet 1."""
    found = Constraints.none(snippets)
    for name, (start, end) in of.items():
        j = int(name[1:])
        found.pinned[j] = True
        if start is not None:
            found.start[j] = start
        if end is not None:
            found.end[j] = end
    return found


def clips(*cuts: float) -> list[Clip]:
    return [Clip(a, b) for a, b in itertools.pairwise(cuts)]


def of_clips(constraints: Constraints, count: int = 6):
    return clip_constraints(constraints, [Interval(float(i), i + 1.0) for i in range(count)])


def test_a_pinned_snippet_has_the_clips_whose_middle_it_holds():
    found = of_clips(bounds(3, s1=(1.4, 3.6)))
    assert found.owner.tolist() == [FREE, 1, 1, 1, FREE, FREE]
    assert found.allowed.tolist() == [
        [True, False, False, False, False, False],
        [False, True, True, True, False, False],
        [False, False, False, False, True, True],
    ]


def test_an_open_end_leaves_the_rest_free():
    found = of_clips(bounds(3, s1=(2.0, None)))
    assert found.owner.tolist() == [FREE, FREE, 1, FREE, FREE, FREE]
    assert found.allowed[1].tolist() == [False, False, True, True, True, True]
    assert found.allowed[2].tolist() == [False, False, False, True, True, True]


def test_short_pins_share_the_clip_that_they_lie_in():
    found = of_clips(bounds(3, s0=(2.0, 2.3), s1=(2.3, 2.4), s2=(2.4, 2.9)))
    assert found.owner.tolist() == [FREE, FREE, 2, FREE, FREE, FREE]
    assert found.kept([(0, 0), (2, 1), (4, 2)]) == ((2, 2), (2, 0), (2, 1))


def scored(constraints: Constraints, seed: int, snippets: int = 3, count: int = 5) -> VideoToAlign:
    similarity = np.random.default_rng(seed).normal(size=(snippets, count))
    return VideoToAlign(
        id="v",
        clips=clips(*range(count + 1)),
        snippets=[Snippet(str(j)) for j in range(snippets)],
        similarity=similarity,
        constraints=constraints,
    )


PINNED = [
    bounds(3, s1=(1.0, 3.0)),
    bounds(3, s1=(2.0, None)),
    bounds(3, s1=(None, 2.0)),
    bounds(3, s0=(1.0, 2.0), s2=(3.0, 4.0)),
]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("constraints", PINNED)
def test_monotone_is_the_best_of_all_labellings_that_keep_the_pins(constraints, seed):
    video = scored(constraints, seed)
    pins = of_clips(constraints, 5)
    assert video.similarity is not None

    def worth(labels) -> float:
        return sum(float(video.similarity[j, c]) for c, j in enumerate(labels) if j != FREE)

    def keeps(labels) -> bool:
        told = [j for j in labels if j != FREE]
        return told == sorted(told) and all(
            own in (FREE, j) and (j == FREE or pins.allowed[j, c])
            for c, (own, j) in enumerate(zip(pins.owner, labels, strict=True))
        )

    every = filter(keeps, itertools.product(range(-1, 3), repeat=5))
    best = max(every, key=worth)
    found = decode_monotonically(video, AlignSettings())
    assert tuple(found.matches) == tuple((c, j) for c, j in enumerate(best) if j != FREE)
    assert all(found.clip_confidence[c] == 1.0 for c in np.flatnonzero(pins.owner != FREE))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("constraints", PINNED)
@pytest.mark.parametrize("decode", [decode_by_dtw, decode_by_otam])
def test_warping_keeps_the_pins(decode, constraints, seed):
    pins = of_clips(constraints, 5)
    found = decode(scored(constraints, seed), AlignSettings())
    assert all((c, j) in found.matches for c, j in enumerate(pins.owner) if j != FREE)
    assert all(pins.allowed[j, c] for c, j in found.matches)
    if decode is decode_by_dtw:  # every clip that may have a partner has one
        assert {c for c, _ in found.matches} == set(np.flatnonzero(pins.allowed.any(axis=0)))


def evenly(video: VideoToAlign) -> DecodedVideo:
    """A decoder that knows nothing of pins: snippets share the clips in order."""
    count = len(video.clips)
    matches = [(c, c * len(video.snippets) // count) for c in range(count)]
    return DecodedVideo(
        matches=matches,
        clip_confidence=[0.5] * count,
        snippet_confidence=[0.5] * len(video.snippets),
        candidates=[((j, 0.5),) for _, j in matches],
    )


def test_a_decoder_without_pins_aligns_the_stretches_between_them():
    video = scored(bounds(4, s2=(3.0, 4.0)), 0, snippets=4, count=6)
    found = decode_between_pins(video, evenly)
    assert found.matches == ((0, 0), (1, 0), (2, 1), (3, 2), (4, 3), (5, 3))
    assert found.clip_confidence.tolist() == [0.5, 0.5, 0.5, 1.0, 0.5, 0.5]
    assert found.candidates[3] == ((2, 1.0),)
    absent = Constraints.none(4)
    absent.absent[:3] = True
    found = decode_between_pins(scored(absent, 0, snippets=4, count=6), evenly)
    assert {j for _, j in found.matches} == {3}
