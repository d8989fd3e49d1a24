"""Odd values, and changes to texts, bytes and JSON values; everything follows from the random generator."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

HUGE = 2_000_000  # characters of the largest inputs
NUMBERS = (
    *("0", "1", "7", "-1", "-0", "0.0", "3.5", "2147483648", "-2147483649", "18446744073709551616"),
    *("1e308", "-1e308", "1e400", "-1e400", "1e-400", "5e-324", "nan", "NaN", "inf", "-Infinity", "Infinity"),
    *("9" * 400, "9" * 5000, "0." + "3" * 500, "0x10", "0b1", "1_000", "1,5", "1.", ".5", "+3", "1e", ""),
    *("\u0663", "\u00b2", "\u00bd", "\uff11", "\u4e09", "1\u00a0000", " 4", "true", "None", "00012", "1\x00"),
)
WORDS = (
    *(
        "Anna runs,",
        "and",
        "Dr. Ben waits.",
        "\u201cNo!\u201d",
        "(so)",
        "e.g. 3.14",
        "INT. HOUSE - DAY",
        "\u266a\u266a",
        "\u2026",
    ),
    *(
        "\u4f60\u597d\u3002\u518d\u89c1\u3002",
        "\u3053\u3093\u306b\u3061\u306f\u3002",
        "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
        "\u0645\u0631\u062d\u0628\u0627",
        "e\u0301" * 40,
        "\U0001f469\u200d\U0001f680",
    ),
    *(
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x0c",
        "\x1c",
        "\x1f",
        "\x7f",
        "\u200b",
        "\ufeff",
        "\u202e",
        "\ufffe",
        "\x1b[31m",
    ),
    *(
        "[1]",
        "\u00b9",
        "[note 4]",
        "http://a.b/?c=d&e",
        "=cmd()",
        "@a",
        "{}",
        "%s",
        "\\N",
        "\\",
        "'",
        '"',
        "a" * 3000,
    ),
)
MARKS = (
    *(
        "-->",
        "<i>",
        "</i>",
        "<v Ann>",
        "<00:00:01.000>",
        "<",
        ">",
        "&amp;",
        "&#0;",
        "&#x110000;",
        "&#99999999999;",
    ),
    *(
        "{\\i1}",
        "{\\p1}",
        "{\\p0}",
        "{\\an8",
        "{",
        "}",
        "[[",
        "]]",
        "/*",
        "*/",
        "**",
        "_",
        "~",
        "^",
        "#",
        "=",
        ">",
        ".",
    ),
    *(
        "WEBVTT\n\n",
        "NOTE x\n\n",
        "STYLE\n",
        "[Events]\n",
        "Format: Start, End, Text\n",
        "Dialogue: ",
        "Comment: ",
    ),
    *("\n", "\n\n", "\r", "\r\n", "\r\r\n", "\t", "\t\t", ",", ";", "|", ":", '"', '""', "\x00", " ", "  "),
    *(
        "INT. A - DAY\n",
        "JOHN\n",
        "(beat)\n",
        "CUT TO:\n",
        ">CUT TO BLACK\n",
        ".SCENE\n",
        "Title: a\n",
        "!",
        "@",
    ),
)


def number(rng: Random) -> str:
    """A number, or what only looks like one; often an ordinary one."""
    if rng.random() < 0.9:
        return str(rng.choice((rng.randrange(100), round(rng.uniform(0, 5000), 3), rng.randrange(10**6))))
    return rng.choice(NUMBERS)


def clock(rng: Random, *, point: str = ".", odd: float = 0.01) -> str:
    """A time as ``H:MM:SS.mmm``, with an odd part now and then."""
    hours, minutes, seconds, fraction = (
        rng.choice(NUMBERS) if rng.random() < odd else f"{rng.randrange(limit):0{width}}"
        for limit, width in ((3, 2), (60, 2), (60, 2), (1000, 3))
    )
    return f"{hours}:{minutes}:{seconds}{point}{fraction}"


def words(rng: Random, most: int = 8) -> str:
    """A few words, odd characters and markup among them."""
    pool: Sequence[str] = WORDS if rng.random() < 0.9 else MARKS
    return rng.choice((" ", " ", "", "\n")).join(rng.choice(pool) for _ in range(rng.randrange(most)))


def _place(rng: Random, length: int) -> tuple[int, int]:
    start = rng.randrange(length + 1)
    return start, min(length, start + rng.choice((0, 1, 2, 5, 20, 100, 1000)))


def _repeat(rng: Random, text: str) -> str:
    start, end = _place(rng, len(text))
    piece = rng.choice((text[start:end], rng.choice(MARKS), rng.choice(MARKS) + rng.choice(MARKS))) or "["
    times = rng.choice((2, 10, 100, 1000))
    if rng.random() < 0.02:  # large inputs are slow for a good reason too; a few are enough
        times = HUGE // len(piece) // rng.choice((1, 4, 20))
    return text[:start] + piece * min(times, HUGE // len(piece)) + text[start:]


def _insert(rng: Random, text: str) -> str:
    start, _ = _place(rng, len(text))
    return (
        text[:start] + rng.choice((rng.choice(MARKS), rng.choice(WORDS), rng.choice(NUMBERS))) + text[start:]
    )


def _delete(rng: Random, text: str) -> str:
    start, end = _place(rng, len(text))
    return text[:start] + text[end:]


def _replace_number(rng: Random, text: str) -> str:
    digits = [at for at, letter in enumerate(text[:5000]) if letter.isdigit()]
    if not digits:
        return text
    at = rng.choice(digits)
    return text[:at] + rng.choice(NUMBERS) + text[at + 1 :]


def _shuffle_lines(rng: Random, text: str) -> str:
    lines = text.split("\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "\n".join(lines)


def _line_ends(rng: Random, text: str) -> str:
    return text.replace("\n", rng.choice(("\r", "\r\n", "\r\r\n", "\n\n", " \n", "\u2028", "\x0b")))


def _cut(rng: Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _double(rng: Random, text: str) -> str:
    return text + text if len(text) < HUGE else text


TEXT_CHANGES: tuple[Callable[[Random, str], str], ...] = (
    *(_insert, _insert, _delete, _replace_number, _replace_number, _repeat),
    *(_shuffle_lines, _line_ends, _cut, _double),
)


def change_text(rng: Random, text: str) -> str:
    """Apply a few changes, or none."""
    for _ in range(rng.choice((0, 0, 0, 0, 1, 1, 2, 4))):
        text = rng.choice(TEXT_CHANGES)(rng, text)
    return text


ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp1251", "koi8-r")
FOREIGN = ("gb18030", "big5", "shift_jis", "euc-kr", "iso8859-7", "utf-7", "cp037", "cp874")


def encode(rng: Random, text: str) -> bytes:
    """The text in UTF-8, mostly; else in another encoding, or damaged on the way."""
    if rng.random() < 0.8:
        return text.encode("utf-8", "surrogatepass")
    data = text.encode(rng.choice(ENCODINGS + FOREIGN), rng.choice(("ignore", "replace")))
    return change_bytes(rng, data) if rng.random() < 0.5 else data


def change_bytes(rng: Random, data: bytes, *, head: int | None = None) -> bytes:
    """Flip, cut, copy, drop or overwrite bytes; half of it within the first ``head`` bytes, if given."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        if not changed:
            break
        within = min(head, len(changed)) if head and rng.random() < 0.5 else len(changed)
        at = rng.randrange(within)
        length = rng.choice((1, 1, 2, 4, 8, 64, 1024))
        match rng.randrange(7):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + length] = rng.randbytes(len(changed[at : at + length]))
            case 2:
                changed[at : at + length] = bytes([rng.choice((0, 0x7F, 0x80, 0xFF))]) * length
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5 if rng.random() < 0.4:
                del changed[at:]
            case _:
                changed[at : at + 4] = rng.choice((0, 1, 2**31 - 1, 2**32 - 1)).to_bytes(4, "big")
    return bytes(changed)


Json = Any


def odd_value(rng: Random) -> Json:
    """A JSON value of some type that nobody expects there."""
    return rng.choice(
        (
            *(None, True, False, 0, -1, 1.5, 10**18, 10**400, 1e308, -1e308, float("nan"), float("inf")),
            *("", "x", "\ud800", "\x00", "\x1b]0;a\x07", "../../x", "9" * 5000, "1e400", "\u266a"),
            *(
                [],
                {},
                [[]],
                [None],
                {"": 0},
                {"a": {"b": []}},
                [1, "a", None],
                [0, 1],
                ["a"] * 300,
                [0.5] * 5000,
            ),
        )
    )


def nodes(value: Json, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """The paths of all values in a JSON value but the outermost."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    found = []
    for key, entry in entries:
        found += [(*path, key), *nodes(entry, (*path, key))]
    return found


def change_json(rng: Random, value: Json) -> Json:
    """Replace, drop, copy or wrap a few of the values within ``value``, which is changed."""
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        paths = nodes(value)
        if not paths or rng.random() < 0.02:
            value = odd_value(rng)
            continue
        shallow = [path for path in paths if len(path) == 1]
        *parents, key = rng.choice(shallow if rng.random() < 0.3 else paths)
        parent = value
        for step in parents:
            parent = parent[step]
        match rng.randrange(6):
            case 0 | 1 | 2:
                parent[key] = odd_value(rng)
            case 3:
                del parent[key]
            case 4:
                parent[key] = [parent[key]] if rng.random() < 0.5 else {"a": parent[key]}
            case _:
                other = rng.choice(paths)
                source = value
                try:
                    for step in other:
                        source = source[step]
                except (KeyError, IndexError, TypeError):
                    continue
                parent[key] = json.loads(json.dumps(source))  # a copy; the tree stays one
    return value


def json_bytes(rng: Random, value: Json) -> bytes:
    """A changed JSON file: mostly well-formed, sometimes damaged as text, sometimes nested without end."""
    if rng.random() < 0.05:
        depth = rng.choice((500, 1100, 5000, 100_000))
        opening, closing = rng.choice((("[", "]"), ('{"a":', "}"), ('{"format":[', "]}")))
        middle = rng.choice(("", "0"))
        return (opening * depth + middle + closing * (depth if rng.random() < 0.5 else 0)).encode()
    if rng.random() < 0.8:
        value = change_json(rng, value)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, 1)))
    if rng.random() < 0.3:
        text = change_text(rng, text)
    return encode(rng, text)
