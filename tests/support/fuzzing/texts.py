"""Texts of every kind that `segment` reads, through their readers; now and then through whole commands."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from random import Random

from mmtool.choices import TextFormat, TextSplit
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.text.readers import read_text
from support.fuzzing.cases import Case, Step, Wrong, command, reading
from support.fuzzing.mutation import change_text, clock, encode, number, odd_value, words

LANGUAGES = ("en", "en", "en", "de", "zh", "ja", "th", "ar", "xx")
CHAIN = 400  # one text of so many goes through whole commands


def span(rng: Random, join: str, point: str = ".") -> str:
    """Two times, mostly in order."""
    times = [clock(rng, point=point), clock(rng, point=point)]
    return join.join(sorted(times) if rng.random() < 0.95 else times)


def srt(rng: Random) -> str:
    cues = []
    for count in range(rng.randrange(1, 6)):
        end = rng.choice(("", "", " X1:1 X2:2", " align:start", "\t"))
        times = span(rng, " --> ", ",") + end
        cues.append(f"{count + 1}\n{times}\n{words(rng)}\n{rng.choice(('', words(rng)))}")
    return rng.choice(("\n\n", "\n", "\n\n\n")).join(cues)


def vtt(rng: Random) -> str:
    blocks = [f"WEBVTT{rng.choice(('', ' x', '-x', chr(10) + 'Kind: captions'))}"]
    for _ in range(rng.randrange(1, 6)):
        times = span(rng, " --> ") + rng.choice(("", " line:0", " position:10%,start", words(rng, 3)))
        blocks.append(
            rng.choice((f"{times}\n{words(rng)}", f"{words(rng, 3)}\n{times}\n<v Ann>{words(rng)}"))
        )
        if rng.random() < 0.2:
            blocks.append(rng.choice(("NOTE ", "STYLE\n", "REGION\n")) + words(rng))
    return "\n\n".join(blocks)


def ass(rng: Random) -> str:
    columns = rng.choice(
        (
            "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
            "Start, End, Text",
            "Text",
        )
    )
    lines = ["[Script Info]", "ScriptType: v4.00+", "", "[Events]", f"Format: {columns}"]
    for _ in range(rng.randrange(1, 6)):
        cells = {"Start": clock(rng), "End": clock(rng)}
        if cells["End"] < cells["Start"]:
            cells = {"Start": cells["End"], "End": cells["Start"]}
        text = rng.choice(("", "", "{\\p1}m 0 0{\\p0}", "{\\i1}")) + words(rng).replace("\n", "\\N")
        values = [cells.get(column, "0") for column in columns.split(", ")[:-1]]
        lines.append(rng.choice(("Dialogue: ", "Dialogue: ", "Comment: ")) + ",".join([*values, text]))
    return "\n".join(lines)


def _cells(rng: Random) -> tuple[list[str], list[list[str]]]:
    names = rng.choice(
        (
            ["start", "end", "text"],
            ["text", "start", "end", "kind"],
            ["text"],
            ["text", "kind"],
            ["Start", "Text"],
        )
    )
    rows = []
    for count in range(rng.randrange(1, 8)):
        times = [str(count), rng.choice((f"{count}.5", clock(rng, odd=0.002)))]
        if rng.random() < 0.04:
            times[rng.randrange(2)] = number(rng)
        cells = {"start": times[0], "end": times[1], "text": words(rng) or "x", "kind": "k"}
        rows.append([cells[name.lower()] for name in names])
    return (names if names != ["start", "end", "text"] or rng.random() < 0.5 else []), rows


def tsv(rng: Random) -> str:
    names, rows = _cells(rng)
    lines = ["\t".join(row) for row in ([names] if names else []) + rows]
    return "\n".join(line.replace("\n", " ") for line in lines)


def comma(rng: Random) -> str:
    names, rows = _cells(rng)
    text = io.StringIO()
    csv.writer(text, delimiter=rng.choice(",;|\t")).writerows(([names] if names else []) + rows)
    return text.getvalue()


def jsonl(rng: Random) -> str:
    lines = []
    for _ in range(rng.randrange(1, 6)):
        entry: dict[str, object] = {"text": words(rng), "start": rng.uniform(0, 9), "end": rng.uniform(9, 20)}
        for key in ("text", "start", "end", "kind"):
            if rng.random() < 0.02:
                entry[key] = odd_value(rng)
        lines.append(json.dumps(entry, ensure_ascii=rng.random() < 0.5))
    if rng.random() < 0.02:
        depth = rng.choice((500, 2000, 100_000))
        lines.append(
            rng.choice(("[" * depth + "]" * depth, '{"text":' * depth, '{"text":"x","a":' + "[" * depth))
        )
    return "\n".join(lines)


def screenplay(rng: Random) -> str:
    lines = []
    for _ in range(rng.randrange(1, 12)):
        heading = rng.choice(("INT. HOUSE - DAY", "EXT. ROAD", "12 INT. A 12", "I/E. CAR - NIGHT"))
        speech = f"{' ' * rng.randrange(30)}JOHN (V.O.)\n{' ' * rng.randrange(20)}{words(rng)}"
        lines.append(
            rng.choice((heading, speech, words(rng), "CUT TO:", "(MORE)", "CONTINUED: (2)", "OMITTED"))
        )
        lines.append(rng.choice(("", "", "\n")))
    if rng.random() < 0.01:
        lines += ["INT. A - DAY", "", *["JOHN\n        hello there"] * rng.choice((200, 600, 5000))]
    return "\n".join(lines)


def fountain(rng: Random) -> str:
    parts = []
    for _ in range(rng.randrange(1, 10)):
        parts.append(
            rng.choice(
                (
                    *(
                        "INT. A - DAY",
                        ".SCENE #1#",
                        ">CUT TO BLACK",
                        "> centred <",
                        "!Action",
                        "@McX\nhi",
                        "~la",
                    ),
                    *(
                        "# Act",
                        "= synopsis",
                        "===",
                        "JOHN\n(beat)\nhello\n  \nmore",
                        "A ^\nhello",
                        "[[note]]",
                    ),
                    *(
                        "/* cut\n\n */",
                        "Title: x\n    y\n",
                        "**bold *it* _u_**",
                        words(rng),
                        "[[open",
                        "/* open",
                    ),
                )
            )
        )
    if rng.random() < 0.01:
        parts = [rng.choice(parts)] * rng.choice((1000, 5000))
    return rng.choice(("\n\n", "\n")).join(parts)


def plain(rng: Random) -> str:
    return rng.choice(("\n", "\n\n", " ")).join(words(rng) for _ in range(rng.randrange(1, 12)))


FORMS: dict[str, Callable[[Random], str]] = {
    ".txt": plain,
    ".srt": srt,
    ".vtt": vtt,
    ".ass": ass,
    ".ssa": ass,
    ".tsv": tsv,
    ".csv": comma,
    ".jsonl": jsonl,
    ".fountain": fountain,
}


def check(path: Path, split: TextSplit, language: str, text_format: TextFormat) -> None:
    """Read a text as `segment` does; its snippets are as promised, and survive being written and read."""
    found = read_text(path, split=split, language=language, text_format=text_format).snippets
    size = path.stat().st_size
    if not found:
        raise Wrong("no snippet and no refusal")
    for snippet in found:
        if not snippet.text.strip() or snippet.text != " ".join(snippet.text.split()):
            raise Wrong("a snippet that is blank or has white space to spare")
        if (snippet.start is None) is not (snippet.end is None):
            raise Wrong("a snippet with half of its times")
        if snippet.start is not None and snippet.end is not None:
            if not (math.isfinite(snippet.start) and math.isfinite(snippet.end)):
                raise Wrong("a time that is not finite")
            if not 0 <= snippet.start <= snippet.end:
                raise Wrong("a time before 0, or an end before its start")
        if snippet.place is not None:
            line, start, end = snippet.place
            if line < 1 or not 0 <= start < end <= size:  # a character has a byte at least
                raise Wrong("a place outside of the text")
    written = path.parent.parent / "snippets" / f"{path.stem}.csv"
    write_snippets(written, found)
    again = read_snippets(written)
    if again != found:
        raise Wrong("snippets that differ once they are written and read")


class Texts:
    """A text of a random kind, changed a little, with a random split and language."""

    def prepare(self, seeds: Path) -> None:
        """Texts are made from nothing."""

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:  # noqa: ARG002  it needs none
        suffix = rng.choice(tuple(FORMS))
        form = screenplay if suffix == ".txt" and rng.random() < 0.5 else FORMS[suffix]
        if rng.random() < 0.03:
            form = rng.choice(tuple(FORMS.values()))  # a file of another kind than its name says
        path = folder / "texts" / f"a{suffix}"
        path.parent.mkdir(parents=True)
        path.write_bytes(encode(rng, change_text(rng, form(rng))))
        split = rng.choice((TextSplit.NONE, TextSplit.NONE, TextSplit.SENTENCES, TextSplit.PHRASES))
        language = rng.choice(LANGUAGES)
        text_format = (
            TextFormat.AUTO if suffix != ".txt" or rng.random() < 0.7 else rng.choice(tuple(TextFormat))
        )
        how = f"mmtool segment {{}} --split {split} --language {language} --text-format {text_format}"
        steps: list[Step] = [reading(how, lambda: check(path, split, language, text_format))]
        if rng.randrange(CHAIN) == 0:
            clips = folder / "clips" / "a.csv"
            clips.parent.mkdir()
            clips.write_text("clip,start,end,start_frame,end_frame\n0,0,5,,\n1,5,60,,\n2,60,200,,\n")
            steps += [
                command(folder, "segment", folder, "--split", split, "--language", language),
                command(folder, "align", folder, "--show", "a"),
                command(folder, "export", "alignments", folder, "--run", "semi-markov", "--format", "ass"),
                command(folder, "report", folder, "--run", "semi-markov"),
            ]
        return Case(steps, path)
