"""The narration: sentences about what is shown, and about what is not."""

import random

from mmtool.synthetic.pictures import Actor, Motion, Pattern, Place

MOVES: dict[Motion, tuple[tuple[str, str], ...]] = {  # for one object and for two
    Motion.LEFT: (("drifts to the left", "drift to the left"), ("slides left", "slide left")),
    Motion.RIGHT: (("drifts to the right", "drift to the right"), ("slides right", "slide right")),
    Motion.UP: (("rises", "rise"), ("floats up", "float up")),
    Motion.DOWN: (("sinks", "sink"), ("floats down", "float down")),
    Motion.SPIN: (("spins", "spin"), ("turns round and round", "turn round and round")),
    Motion.BOUNCE: (("bounces", "bounce"), ("hops up and down", "hop up and down")),
    Motion.GROW: (("grows", "grow"), ("gets bigger", "get bigger")),
    Motion.STILL: (("stays still", "stay still"), ("does not move", "do not move")),
}

WHERE: dict[Place, tuple[str, ...]] = {
    Place.DESERT: ("in the desert", "over the dunes"),
    Place.NIGHT: ("at night", "under the stars"),
    Place.FOG: ("in the fog", "over misty hills"),
    Place.FOREST: ("in the forest", "among the firs"),
    Place.CITY: ("in the city", "over the roofs"),
    Place.SEA: ("at sea", "above the waves"),
}

# Long and short sentences are equally likely for long and short events, so that length tells nothing.
SENTENCES = (
    "{actor} {moves}.",
    "{actor} {moves} {where}.",
    "{where}, {actor} {moves}.",
    "Now {actor} {moves}.",
    "Look, {actor} {where}!",
    "Here we see {actor}; {it} {moves}.",
    "{actor} can be seen {where}, and {it} {moves}.",
    "The {shape} {where} {is_} {colour}, and {it} {moves}.",
    "{actor}, as {colour} as can be, {moves} {where}.",
    "Without any hurry {actor} {moves} {where}, and nobody says a word.",
)

ASIDES = (
    "Meanwhile the narrator thinks of home.",
    "Nobody remembers who asked first.",
    "It is nearly time for tea.",
    "The letter never arrived.",
    "Years went by before anyone spoke of it again.",
    "My grandmother would have laughed at this.",
    "What a strange story, he said to himself.",
    "Somewhere a telephone rings.",
    "The price of bread had doubled since March.",
    "She had always wanted to learn the violin.",
    "Of course there is more to tell, but not today.",
    "The old clock had stopped, and so had the music.",
    "Listen.",
    "I once knew a baker who could whistle two tunes at once.",
    "Everybody agreed that the winter had been too long.",
    "They called it luck.",
)

CHAPTERS = ("Chapter Two", "Ten Years Later", "Meanwhile", "Part Three", "The Next Day", "Intermission")
NUMERALS = ("1", "2", "3", "4", "5")
THE_END = "The End"


def describe(dice: random.Random, sentence: str, actor: Actor, place: Place) -> str:
    """Fill in one of ``SENTENCES``; all name colour and shape, most name the motion and the place."""
    plural = actor.count > 1
    kind = f"{actor.colour} {_plural(actor.shape) if plural else actor.shape}"
    filled = sentence.format(
        actor=f"two {kind}" if plural else f"a {kind}",
        colour=actor.colour,
        shape=_plural(actor.shape) if plural else actor.shape,
        moves=dice.choice(MOVES[actor.motion])[plural],
        where=dice.choice(WHERE[place]),
        it="they" if plural else "it",
        is_="are" if plural else "is",
    )
    return capitalised(filled)


def name(actor: Actor) -> str:
    """The name of an actor in a title, such as ``the Red Star``."""
    kind = _plural(actor.shape) if actor.count > 1 else actor.shape
    return f"the {actor.colour.title()} {kind.title()}"


def caption(dice: random.Random, pattern: Pattern) -> str:
    """The words on a card in the middle of a movie; empty if the pattern shows none."""
    if pattern is Pattern.TITLE:
        return dice.choice(CHAPTERS)
    if pattern is Pattern.LEADER:
        return dice.choice(NUMERALS)
    return ""


def capitalised(text: str) -> str:
    """``text`` with a capital first letter."""
    return text[0].upper() + text[1:]


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("s") else "s")
