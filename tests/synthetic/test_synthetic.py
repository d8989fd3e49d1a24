from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenedetect import ContentDetector, detect

from mmtool.errors import InputError
from mmtool.records import Annotation, Interval
from mmtool.synthetic.drawing import frames, write_video
from mmtool.synthetic.movies import Line, Movie, Shot, make_movie
from mmtool.synthetic.pictures import Actor, Card, Colour, Motion, Pattern, Place, Scene, Shape
from mmtool.synthetic.words import ASIDES

SEEDS = range(8)


def _scene(*, shape: Shape = Shape.SQUARE, motion: Motion = Motion.STILL, count: int = 1) -> Scene:
    actor = Actor(colour=Colour.RED, shape=shape, motion=motion, count=count)
    return Scene(actor=actor, place=Place.NIGHT, centre=(0.5, 0.5), radius=0.25, seed=0)


def _movie(*shots: Shot, narration: tuple[Line, ...] = ()) -> Movie:
    return Movie(title="", shots=shots, narration=narration, size=(160, 120), fps=10)


def _is_red(image: np.ndarray) -> np.ndarray:
    return (image[..., 0] > 150) & (image[..., 1] < 80)


def test_times_and_annotations_follow_from_the_frames() -> None:
    movie = _movie(
        *(Shot(start, end, _scene()) for start, end in ((0, 5), (5, 20), (20, 30), (30, 36))),
        narration=(Line("An aside."), Line("The middle.", (1, 3)), Line("The end.", (3, 4))),
    )
    assert movie.snippets == ["An aside.", "The middle.", "The end."]
    assert movie.shot_intervals == [(0.0, 0.5), (0.5, 2.0), (2.0, 3.0), (3.0, 3.6)]
    assert movie.annotations == [Annotation(0.5, 3.0, "The middle."), Annotation(3.0, 3.6, "The end.")]


def test_one_seed_is_one_movie_and_another_seed_another() -> None:
    assert make_movie(seed=4) == make_movie(seed=4)
    assert make_movie(seed=4) != make_movie(seed=5)


def test_one_seed_gives_identical_frames() -> None:
    small = {"seed": 4, "size": (32, 24), "fps": 4}
    drawn, again = (np.stack(list(frames(make_movie(**small)))) for _ in range(2))
    assert drawn.shape == (make_movie(**small).shots[-1].end_frame, 24, 32, 3)
    assert np.array_equal(drawn, again)


@pytest.mark.parametrize("seed", SEEDS)
def test_annotations_cover_exactly_the_shots_of_their_event(seed: int) -> None:
    movie = make_movie(seed=seed)
    told = {shot: line for line in movie.narration if line.shots for shot in range(*line.shots)}
    for number, shot in enumerate(movie.shots):
        assert isinstance(shot.picture, Scene) == (number in told)
    for line, annotation in zip(
        (line for line in movie.narration if line.shots), movie.annotations, strict=True
    ):
        actors = {movie.shots[shot].picture.actor for shot in range(*line.shots)}
        assert len(actors) == 1
        (actor,) = actors
        assert actor.colour in line.text.lower()
        assert actor.shape in line.text.lower()
        covered = movie.shot_intervals[slice(*line.shots)]
        assert annotation.interval == Interval(covered[0].start, covered[-1].end)
    assert all(line.text in ASIDES for line in movie.narration if line.shots is None)


@pytest.mark.parametrize("seed", SEEDS)
def test_neighbouring_events_differ_in_colour_and_neighbouring_shots_in_view(seed: int) -> None:
    movie = make_movie(seed=seed)
    colours = [movie.shots[line.shots[0]].picture.actor.colour for line in movie.narration if line.shots]
    assert all(colour != following for colour, following in pairwise(colours))
    for shot, following in pairwise(shot.picture for shot in movie.shots):
        if isinstance(shot, Scene) and isinstance(following, Scene):
            assert shot.place != following.place
        if isinstance(shot, Card) and isinstance(following, Card):
            assert shot.pattern != following.pattern


def test_every_kind_of_match_occurs() -> None:
    movies = [make_movie(seed=seed) for seed in SEEDS]
    lengths = {
        last - first
        for movie in movies
        for first, last in (line.shots for line in movie.narration if line.shots)
    }
    assert lengths == {1, 2, 3, 4}
    heads = {
        next(i for i, shot in enumerate(movie.shots) if isinstance(shot.picture, Scene)) for movie in movies
    }
    tails = {
        next(i for i, shot in enumerate(reversed(movie.shots)) if isinstance(shot.picture, Scene))
        for movie in movies
    }
    assert len(heads) > 2
    assert len(tails) > 2
    inner = [
        card
        for movie in movies
        for card in movie.shots
        if isinstance(card.picture, Card)
        and movie.annotations[0].end <= card.start_frame / movie.fps < movie.annotations[-1].start
    ]
    asides = [line for movie in movies for line in movie.narration if line.shots is None]
    assert inner
    assert asides


def test_the_settings_are_kept() -> None:
    movie = make_movie(
        seed=0,
        fps=10,
        events=(3, 3),
        event_shots=(0, 1),
        head_cards=(2, 2),
        tail_cards=(1, 1),
        unmatched_clip_rate=0.0,
        unmatched_snippet_rate=1.0,
        shot_seconds=(1.0, 1.0),
        pair_rate=1.0,
    )
    assert [line.shots for line in movie.narration] == [None, (2, 4), None, (4, 6), None, (6, 8), None]
    assert movie.shot_intervals == [(float(second), second + 1.0) for second in range(9)]
    assert all(shot.picture.actor.count == 2 for shot in movie.shots[2:8])
    assert [shot.picture.pattern for shot in (movie.shots[0], movie.shots[-1])] == [Pattern.TITLE] * 2


def test_a_movie_can_run_out_of_asides_and_sentences() -> None:
    movie = make_movie(seed=0, events=(40, 40), unmatched_snippet_rate=1.0)
    assert sorted(line.text for line in movie.narration if line.shots is None) == sorted(ASIDES)
    assert len(movie.annotations) == 40


@pytest.mark.parametrize(
    ("motion", "right", "down"),
    [
        (Motion.LEFT, -1, 0),
        (Motion.RIGHT, 1, 0),
        (Motion.UP, 0, -1),
        (Motion.DOWN, 0, 1),
        (Motion.STILL, 0, 0),
        (Motion.GROW, 0, 0),
    ],
)
def test_objects_move_where_they_are_said_to(motion: Motion, right: int, down: int) -> None:
    first, *_, last = frames(_movie(Shot(0, 21, _scene(motion=motion))))
    before, after = (np.argwhere(_is_red(frame)).mean(axis=0) for frame in (first, last))
    moved = (after - before) / (
        0.2 * 120 * 2.0
    )  # 0.2 heights a second, from the first frame to the last: 2 s
    assert moved == pytest.approx([down, right], abs=0.03)
    assert (_is_red(last).sum() > 1.5 * _is_red(first).sum()) == (motion is Motion.GROW)


def test_a_ring_has_a_hole_and_a_pair_has_two_objects() -> None:
    (ring,) = frames(_movie(Shot(0, 1, _scene(shape=Shape.RING))))
    (circle,) = frames(_movie(Shot(0, 1, _scene(shape=Shape.CIRCLE))))
    (pair,) = frames(_movie(Shot(0, 1, _scene(shape=Shape.CIRCLE, count=2))))
    assert _is_red(circle).sum() == pytest.approx(np.pi * 30**2, rel=0.03)
    assert _is_red(circle)[60, 80]
    assert not _is_red(ring)[60, 80]
    assert _is_red(pair).sum() == pytest.approx(2 * np.pi * 30**2, rel=0.03)
    assert not _is_red(pair)[:, 80].any()


@pytest.mark.parametrize("pattern", Pattern)
def test_a_card_stands_still_and_shows_more_than_one_tone(pattern: Pattern) -> None:
    first, last = frames(_movie(Shot(0, 2, Card(pattern=pattern, text="7", seed=1))))
    assert np.array_equal(first, last)
    assert np.ptp(first) > 60


@pytest.mark.parametrize("seed", [0, 1])
def test_the_detected_cuts_are_the_drawn_ones(seed: int, tmp_path: Path) -> None:
    movie = make_movie(seed=seed)
    path = tmp_path / "movie.mp4"
    write_video(movie, path)
    scenes = detect(str(path), ContentDetector(threshold=20, min_scene_len=5))
    detected = [(start.frame_num, end.frame_num) for start, end in scenes]
    assert detected == [(shot.start_frame, shot.end_frame) for shot in movie.shots]


def test_the_video_says_its_size_and_rate(tmp_path: Path) -> None:
    movie = make_movie(seed=2, size=(96, 64), fps=8, events=(2, 2))
    write_video(movie, tmp_path / "movie.mp4")
    video = cv2.VideoCapture(str(tmp_path / "movie.mp4"))
    facts = (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_COUNT)
    assert [video.get(fact) for fact in facts] == [96, 64, 8, movie.shots[-1].end_frame]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "movie.mp4"
    with pytest.raises(InputError, match="cannot be written") as caught:
        write_video(make_movie(seed=0), path)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"size": (127, 96)}, "127"), ({"size": (16, 14)}, "14"), ({"shot_seconds": (0.01, 1.0)}, "0.01")],
)
def test_impossible_settings_are_refused(settings: dict[str, tuple[float, float]], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make_movie(seed=0, **settings)
