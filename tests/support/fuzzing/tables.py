"""Tables that people write or change: clips, snippets, annotations, splits, titles, cut lists, YMS files."""

import csv
import io
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from support.commands import call
from support.fuzzing.cases import Case, Step, command
from support.fuzzing.mutation import change_text, clock, encode, number, words
from support.fuzzing.ready import copy_but, ready_for

FORMATS = ("srt", "vtt", "ass", "csv", "jsonl", "otio", "edl", "fcpxml", "fcp7", "eaf")


def _csv(rows: list[list[str]], delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def clips(rng: Random) -> str:
    """Mostly in order, with odd numbers here and there."""
    rows, at = [["clip", "start", "end", "start_frame", "end_frame"]], 0
    for count in range(rng.randrange(1, 8)):
        end = at + rng.randrange(1, 9)
        row = [str(count), str(at), str(end), *rng.choice((["", ""], [str(at * 10), str(end * 10)]))]
        if rng.random() < 0.15:
            row[rng.randrange(5)] = number(rng)
        rows.append(row)
        at = end
    return _csv(rows)


def snippets(rng: Random) -> str:
    head = ["snippet", "text", "start", "end", "kind", "line", "from", "to"]
    rows = [head]
    for count in range(rng.randrange(1, 8)):
        row = [str(count), words(rng) or "x", "", "", "", str(count + 1), str(count * 3), str(count * 3 + 2)]
        if rng.random() < 0.3:
            row[rng.randrange(8)] = number(rng)
        rows.append(row)
    return _csv(rows)


def annotations(rng: Random) -> str:
    rows, at = [], 0
    for _ in range(rng.randrange(1, 6)):
        end = at + rng.randrange(1, 4)
        row = [str(at), str(end), words(rng).replace("\n", " ")]
        if rng.random() < 0.2:
            row[rng.randrange(2)] = number(rng)
        rows.append("\t".join(row))
        at = end
    return "\n".join(rows)


def split(rng: Random) -> str:
    return "\n".join(rng.choice(("v0", "v1", "v2", "# x", words(rng, 3))) for _ in range(rng.randrange(6)))


def titles(rng: Random) -> str:
    return _csv([["id", rng.choice(("title", "url", ""))], *[[f"v{k}", words(rng)] for k in range(4)]])


def scene_list(rng: Random) -> str:
    edges = [
        f"{edge} {what}" for edge in ("Start", "End") for what in ("Frame", "Timecode", "Time (seconds)")
    ]
    head = ",".join(["Scene Number", *edges])
    lines, at = [rng.choice(("Timecode List:,00:00:01.000", words(rng, 3))), head], 0
    for count in range(rng.randrange(1, 5)):
        end = at + rng.randrange(1, 30)
        cells = [count + 1, at + 1, clock(rng), at / 12, end, clock(rng), end / 12]
        row = [str(cell) for cell in cells]
        if rng.random() < 0.2:
            row[rng.randrange(7)] = number(rng)
        lines.append(",".join(row))
        at = end
    return "\n".join(lines)


def edl(rng: Random) -> str:
    lines = ["TITLE: x", rng.choice(("FCM: NON-DROP FRAME", "FCM: DROP FRAME"))]
    for count in range(rng.randrange(1, 5)):
        code = [
            f"0{rng.randrange(2)}:00:0{second}{rng.choice(':;')}{rng.randrange(12):02}"
            for second in (0, 1, count, count + 1)
        ]
        track, cut = rng.choice(("V", "A", "AA/V", "B")), rng.choice(("C", "D 012", "W001"))
        lines.append(f"{count + 1:03}  AX  {track}  {cut}  {' '.join(code)}")
        lines.append(rng.choice(("* FROM CLIP NAME: x", "M2 AX 025.0 00:00:00:00", "", words(rng, 3))))
    return "\n".join(lines)


def times(rng: Random) -> str:
    return "\n".join(
        rng.choice((str(k), clock(rng), number(rng), f"0:0{k}.5")) for k in range(rng.randrange(1, 6))
    )


def frame_scores(rng: Random) -> str:
    return _csv([["frame", "time", "score"], *[[str(k), number(rng), number(rng)] for k in range(5)]])


YMS = {
    "annotations_phrases.txt": "0000_00.00.01.500-00.00.03.000\tIn 1989, \n"
    "0000_00.00.03.000-00.00.04.000\tUNMATCHED\n",
    "clip_segmentation.txt": "0000/0000_00.00.00.000-00.00.01.500\n0000/0000_00.00.01.500-01.00.00.000\n",
    "movie_list.txt": "0000\tA film - (Recap)\n",
    "url_list.txt": "0000    https://example.org/a\n",
    "training_split.txt": "0000\n",
    "val_split.txt": "# none\n",
    "test_split.txt": "0000\n",
}

Form = Callable[[Random], str]
TABLES: dict[str, Form] = {
    "clips/v0.csv": clips,
    "snippets/v0.csv": snippets,
    "annotations/v0.tsv": annotations,
    "splits/test.txt": split,
    "splits/train.txt": split,
    "videos.csv": titles,
    "stats/v0.csv": frame_scores,
    "cuts/v0.csv": scene_list,
    "cuts/v0.edl": edl,
    "cuts/v0.txt": times,
}


class Tables:
    """One table of a corpus replaced, and the commands that read it."""

    def prepare(self, seeds: Path) -> None:
        film = seeds / "film"
        shutil.copytree(ready_for(seeds) / "film", film)
        call("segment", film)

    def case(self, rng: Random, seeds: Path, folder: Path) -> Case:
        name = rng.choice((*TABLES, "yms"))
        if name == "yms":
            return self._yms(rng, folder)
        path = folder / name
        if name.startswith("cuts/"):
            shutil.copytree(seeds / "film", folder, dirs_exist_ok=True)
        else:
            copy_but(seeds.parent / "ready", folder, ("film", "exports", "features/.parts"))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode(rng, change_text(rng, TABLES[name](rng))))
        return Case(list(self._steps(rng, name, folder, path)), path)

    def _steps(self, rng: Random, name: str, folder: Path, path: Path) -> list[Step]:
        if name.startswith("cuts/"):
            return [command(folder, "segment", folder, "--force", "--clips", path)]
        steps = [command(folder, "info", path)] if name.endswith((".csv", ".tsv")) else []
        if name.startswith("stats/"):
            return steps
        run = rng.choice(("semi-markov", "timing", "r"))
        steps += [
            command(folder, "align", folder, *(() if run == "semi-markov" else ("--run", run))),
            command(folder, "evaluate", folder, "--run", run, *rng.choice(((), ("--split", "test")))),
            command(folder, "report", folder, "--run", run),
            command(folder, "export", "alignments", folder, "--run", run, "--format", rng.choice(FORMATS)),
        ]
        if name == "splits/train.txt":
            steps = [command(folder, "project", folder), command(folder, "info", folder)]
        return steps

    def _yms(self, rng: Random, folder: Path) -> Case:
        for name, text in YMS.items():
            (folder / name).write_text(text, encoding="utf-8")
        changed = folder / rng.choice(tuple(YMS))
        changed.write_bytes(encode(rng, change_text(rng, YMS[changed.name])))
        return Case([command(folder, "import", "yms", folder, folder / "corpus")], changed)
