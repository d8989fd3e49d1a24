"""Hypothesis strategies: a text of every kind that is read, sound and odd; and any bytes at all."""

import csv
import io
import json

from hypothesis import strategies as st

ODD = (
    *(
        "♪♪",
        "…",
        "-->",
        "<i>",
        "</i",
        "<v Ann>",
        "&amp;",
        "&#x110000;",
        "{\\i1}",
        "{\\p1}",
        "{",
        "[[",
        "]]",
        "/*",
    ),
    *(
        "[1]",
        "¹",
        "\ufeff",
        "\u200b",
        "\u2028",
        "\x85",
        "\x0b",
        "\x1c",
        "\x1b[31m",
        "\u202e",
        "\\N",
        '"',
        "''",
        "=1+1",
    ),
    *(
        "你好。再见。",
        "สวัสดี",
        "مرحبا",
        "e\u0301",
        "👩\u200d🚀",
        "INT. A - DAY",
        "JOHN",
        "(beat)",
        "#",
        "**b**",
        "a" * 200,
    ),
)
NUMBERS = (
    "0",
    "00",
    "60",
    "99",
    "100",
    "-1",
    "1e308",
    "1e999",
    "nan",
    "inf",
    "",
    "٣",
    "²",
    "1_0",
    "9" * 30,
    "x",
)

sentence = st.lists(
    st.sampled_from(("Anna", "runs,", "and", "Dr.", "Ben.", "“No!”", "waits;", "which", "is", "so"))
    | st.sampled_from(ODD),
    max_size=8,
).map(" ".join)
anything = st.text(max_size=60)
line = st.one_of(sentence, sentence, anything.map(lambda text: text.replace("\n", " ")))


def _part(limit: int, width: int) -> st.SearchStrategy[str]:
    usual = st.integers(0, limit - 1).map(lambda number: f"{number:0{width}}")
    return st.one_of(*[usual] * 9, st.sampled_from(NUMBERS))


def clocks(point: str = ".") -> st.SearchStrategy[str]:
    """Times as ``HH:MM:SS.mmm``, a part of them odd now and then."""
    parts = st.tuples(_part(3, 2), _part(60, 2), _part(60, 2), _part(1000, 3))
    return parts.map(lambda part: f"{part[0]}:{part[1]}:{part[2]}{point}{part[3]}")


def _spans(join: str, point: str = ".") -> st.SearchStrategy[str]:
    times = st.tuples(clocks(point), clocks(point))
    return st.one_of(times.map(lambda pair: join.join(sorted(pair))), times.map(join.join))


def _blocks(block: st.SearchStrategy[str], gaps: tuple[str, ...] = ("\n\n",)) -> st.SearchStrategy[str]:
    return st.tuples(st.lists(block, max_size=5), st.sampled_from(gaps)).map(
        lambda pair: pair[1].join(pair[0])
    )


srt = _blocks(
    st.tuples(
        st.sampled_from(("1\n", "2\n", "", "x\n")), _spans(" --> ", ","), line, st.sampled_from(("", "\n"))
    ).map(lambda part: f"{part[0]}{part[1]}\n{part[2]}{part[3]}"),
    ("\n\n", "\n", "\r\n\r\n", "\n \n"),
)
vtt = _blocks(
    st.one_of(
        st.tuples(_spans(" --> "), st.sampled_from(("", " line:0", " x")), line).map(
            lambda p: f"{p[0]}{p[1]}\n{p[2]}"
        ),
        st.tuples(st.sampled_from(("NOTE ", "STYLE\n", "REGION\n", "id\n")), line).map("".join),
    )
).map("WEBVTT\n\n".__add__)
_event = st.tuples(st.sampled_from(("Dialogue", "Comment")), clocks(), clocks(), line).map(
    lambda part: f"{part[0]}: 0,{part[1]},{part[2]},Default,,0,0,0,,{part[3]}"
)
ass = _blocks(st.one_of(_event, _event, line), ("\n", "\r\n")).map("[Script Info]\n\n[Events]\n".__add__)
time_cell = st.one_of(
    st.integers(0, 9000).map(str), st.floats(0, 99).map(str), clocks(), st.sampled_from(NUMBERS)
)
_row = st.tuples(time_cell, time_cell, line)
_named = st.sampled_from((["start", "end", "text"], ["text", "start", "end"], ["Text"], ["a", "b", "c"], []))


def _as_csv(table: tuple[list[str], list[tuple[str, str, str]]], delimiter: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, escapechar="\\").writerows(
        [*([table[0]] if table[0] else []), *table[1]]
    )
    return text.getvalue()


comma_table = st.tuples(_named, st.lists(_row, max_size=5), st.sampled_from(",;|\t")).map(
    lambda part: _as_csv((part[0], part[1]), part[2])
)
tab_table = st.tuples(_named, st.lists(_row, max_size=5)).map(
    lambda part: "\n".join("\t".join(row) for row in [*([part[0]] if part[0] else []), *part[1]])
)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats() | line,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("text", "start", "a")), inner, max_size=3)
    ),
    max_leaves=6,
)
_object = st.fixed_dictionaries(
    {"text": st.one_of(line, line, json_value)},
    optional={"start": st.floats() | json_value, "end": st.floats() | json_value, "kind": line | json_value},
)
json_lines = st.lists(
    st.one_of(
        _object.map(json.dumps), _object.map(lambda entry: json.dumps(entry, ensure_ascii=False)), line
    ),
    max_size=5,
).map("\n".join)
_elements = st.sampled_from(
    (
        *(
            "INT. HOUSE - DAY",
            "EXT. ROAD",
            "12 INT. A 12",
            ".SCENE #1#",
            "JOHN",
            "JOHN (V.O.)",
            "(beat)",
            "CUT TO:",
        ),
        *(
            ">CUT",
            "> c <",
            "!act",
            "@McX",
            "~la",
            "# Act",
            "= syn",
            "===",
            "[[note]]",
            "/* b */",
            "[[",
            "/*",
            "Title: x",
        ),
    )
)
_indented = st.tuples(st.sampled_from(("", "  ", " " * 10, " " * 25, "\t")), st.one_of(_elements, line)).map(
    "".join
)
screenplay = _blocks(_indented, ("\n", "\n\n"))
fountain = _blocks(st.one_of(_elements, line), ("\n", "\n\n", "\n  \n"))
plain = _blocks(line, ("\n", "\n\n", " ", "\r", "\r\n"))

TEXTS: dict[str, st.SearchStrategy[str]] = {
    ".txt": plain | screenplay,
    ".srt": srt,
    ".vtt": vtt,
    ".ass": ass,
    ".ssa": ass,
    ".tsv": tab_table,
    ".csv": comma_table,
    ".jsonl": json_lines,
    ".fountain": fountain,
}
"""By the suffix of the file; each also gives texts that are not of that format."""

_encodings = st.sampled_from(
    ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1251", "gb18030", "shift_jis")
)


def files(suffix: str) -> st.SearchStrategy[bytes]:
    """What may stand in a file of this suffix: its format, another, any text, any bytes, other encodings."""
    text = st.one_of(*[TEXTS[suffix]] * 3, anything)
    return st.one_of(
        *[text.map(lambda said: said.encode("utf-8", "replace"))] * 4,
        st.tuples(text, _encodings).map(lambda pair: pair[0].encode(pair[1], "ignore")),
        st.tuples(text, st.binary(max_size=6), st.integers(0, 200)).map(
            lambda part: part[0].encode("utf-8", "replace")[: part[2]] + part[1]
        ),
        st.binary(max_size=80),
    )
