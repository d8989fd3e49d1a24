"""Small narrated movies whose true alignment is known, because they are made from it.

An event is one actor, seen in one or more shots and described in one sentence. Around the events there are
cards that no sentence describes, and asides about things that are not shown. A movie begins and ends with a
random number of cards, so that spreading the sentences evenly over the time is a poor guess.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, pairwise

from mmtool.records import Annotation, Interval
from mmtool.synthetic.pictures import Actor, Card, Colour, Motion, Pattern, Picture, Place, Scene, Shape
from mmtool.synthetic.words import ASIDES, SENTENCES, THE_END, capitalised, caption, describe, name

SIZE = (160, 120)  # width and height in pixels
SMALLEST_SIDE = 16
FPS = 12
EVENTS = (7, 9)  # ranges include both ends
EVENT_SHOTS = (0.35, 0.3, 0.2, 0.15)  # probability that an event has 1, 2, 3, 4 shots
HEAD_CARDS = (0, 8)
TAIL_CARDS = (0, 8)
CARDS_BETWEEN = (1, 2)
UNMATCHED_CLIP_RATE = 0.25  # probability of cards between two events
UNMATCHED_SNIPPET_RATE = 0.35  # probability of an aside before, between and after events
SHOT_SECONDS = (0.5, 2.0)
PAIR_RATE = 0.25  # probability that the actor is two objects
COLOUR_MEMORY = 2  # an event differs in colour from this many events before it

CAMERAS = (0.26, 0.33, 0.4)  # radius of one object, as a fraction of the frame height
PAIR_CAMERAS = (0.2, 0.24, 0.28)  # radius of each of two objects
CENTRES_X = (0.36, 0.43, 0.5, 0.57, 0.64)
PAIR_CENTRES_X = (0.45, 0.5, 0.55)
CENTRES_Y = (0.46, 0.5, 0.54)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture, shown in the frames ``[start_frame, end_frame)``."""

    start_frame: int
    end_frame: int
    picture: Picture


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the narration and the shots ``[first, last)`` that show it; None for an aside."""

    text: str
    shots: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Movie:
    """A narrated movie; ``size`` is width and height in pixels."""

    title: str
    shots: tuple[Shot, ...]
    narration: tuple[Line, ...]
    size: tuple[int, int]
    fps: int

    @property
    def shot_intervals(self) -> list[Interval]:
        return [Interval(shot.start_frame / self.fps, shot.end_frame / self.fps) for shot in self.shots]

    @property
    def snippets(self) -> list[str]:
        """All sentences in reading order, asides included."""
        return [line.text for line in self.narration]

    @property
    def annotations(self) -> list[Annotation]:
        """The true interval of each sentence that is shown."""
        clips = self.shot_intervals
        return [
            Annotation(clips[line.shots[0]].start, clips[line.shots[1] - 1].end, line.text)
            for line in self.narration
            if line.shots is not None
        ]


def make_movie(
    *,
    seed: int,
    size: tuple[int, int] = SIZE,
    fps: int = FPS,
    events: tuple[int, int] = EVENTS,
    event_shots: Sequence[float] = EVENT_SHOTS,
    head_cards: tuple[int, int] = HEAD_CARDS,
    tail_cards: tuple[int, int] = TAIL_CARDS,
    cards_between: tuple[int, int] = CARDS_BETWEEN,
    unmatched_clip_rate: float = UNMATCHED_CLIP_RATE,
    unmatched_snippet_rate: float = UNMATCHED_SNIPPET_RATE,
    shot_seconds: tuple[float, float] = SHOT_SECONDS,
    pair_rate: float = PAIR_RATE,
) -> Movie:
    """Make the movie of a seed; the same arguments always give the same movie.

    Ranges include both ends. ``event_shots`` are the weights of events with 1, 2, 3, … shots.
    Raises ValueError for a size that cannot be drawn or encoded, and for shots without a frame.
    """
    if any(side < SMALLEST_SIDE or side % 2 for side in size):
        raise ValueError(f"size must be two even numbers of at least {SMALLEST_SIDE} pixels, not {size}")
    if round(min(shot_seconds) * fps) < 1:
        raise ValueError(f"shots of {min(shot_seconds)} s have no frame at {fps} frames a second")
    dice = random.Random(seed)
    actors = _cast(dice, count=dice.randint(*events), pair_rate=pair_rate)
    title = capitalised(" and ".join(name(actor) for actor in actors[:2]))
    sentences = cycle(dice.sample(SENTENCES, len(SENTENCES)))
    asides = _asides(dice, unmatched_snippet_rate)
    pictures = _cards(dice, dice.randint(*head_cards), opening=title)
    narration = next(asides)
    for number, actor in enumerate(actors):
        if number and dice.random() < unmatched_clip_rate:
            pictures += _cards(dice, dice.randint(*cards_between))
        scenes = _scenes(dice, actor, event_shots, after=pictures[-1] if pictures else None)
        sentence = describe(dice, next(sentences), actor, scenes[0].place)
        narration += [Line(sentence, (len(pictures), len(pictures) + len(scenes))), *next(asides)]
        pictures += scenes
    pictures += reversed(_cards(dice, dice.randint(*tail_cards), opening=THE_END))
    shots = _cut(dice, pictures, shot_seconds, fps)
    return Movie(title=title, shots=shots, narration=tuple(narration), size=size, fps=fps)


def _cast(dice: random.Random, *, count: int, pair_rate: float) -> list[Actor]:
    actors: list[Actor] = []
    for _ in range(count):
        recent = {actor.colour for actor in actors[-COLOUR_MEMORY:]}
        colour = dice.choice([colour for colour in Colour if colour not in recent])
        shape = dice.choice(list(Shape))
        round_ = shape in (Shape.CIRCLE, Shape.RING)  # whose spinning cannot be seen
        motion = dice.choice([motion for motion in Motion if not (round_ and motion is Motion.SPIN)])
        pair = dice.random() < pair_rate
        actors.append(Actor(colour=colour, shape=shape, motion=motion, count=2 if pair else 1))
    return actors


def _asides(dice: random.Random, rate: float) -> Iterator[list[Line]]:
    """Before the first event and after each: an aside at the given rate, never the same one twice."""
    for text in dice.sample(ASIDES, len(ASIDES)):
        yield [Line(text)] if dice.random() < rate else []
    while True:
        yield []


def _scenes(
    dice: random.Random, actor: Actor, weights: Sequence[float], *, after: Picture | None
) -> list[Scene]:
    """The shots of one event: place, camera and position change with every cut."""
    pair = actor.count > 1
    scenes: list[Scene] = []
    previous = after if isinstance(after, Scene) else None
    for _ in range(dice.choices(range(1, len(weights) + 1), weights)[0]):
        place = dice.choice([place for place in Place if previous is None or place is not previous.place])
        cameras = PAIR_CAMERAS if pair else CAMERAS
        radius = dice.choice([radius for radius in cameras if previous is None or radius != previous.radius])
        centre = (dice.choice(PAIR_CENTRES_X if pair else CENTRES_X), dice.choice(CENTRES_Y))
        previous = Scene(actor=actor, place=place, centre=centre, radius=radius, seed=dice.getrandbits(32))
        scenes.append(previous)
    return scenes


def _cards(dice: random.Random, count: int, *, opening: str | None = None) -> list[Picture]:
    """``count`` cards, never two of a pattern in a row; an ``opening`` is the title on the first."""
    cards: list[Picture] = []
    pattern: Pattern | None = None
    for number in range(count):
        titled = opening if number == 0 else None
        others = [other for other in Pattern if other is not pattern]
        pattern = Pattern.TITLE if titled else dice.choice(others)
        text = titled or caption(dice, pattern)
        cards.append(Card(pattern=pattern, text=text, seed=dice.getrandbits(32)))
    return cards


def _cut(
    dice: random.Random, pictures: Sequence[Picture], shot_seconds: tuple[float, float], fps: int
) -> tuple[Shot, ...]:
    """Give each picture its frames."""
    lengths = [round(dice.uniform(*shot_seconds) * fps) for _ in pictures]
    cuts = pairwise(accumulate(lengths, initial=0))
    return tuple(Shot(start, end, picture) for (start, end), picture in zip(cuts, pictures, strict=True))
