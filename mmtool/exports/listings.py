"""Alignments as tables: CSV with one row per passage, JSON lines with one line per snippet."""

import json
from pathlib import Path

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.formats.atomic import write_text
from mmtool.formats.csv_rows import write_rows

COLUMNS = ("id", "snippet", "start", "end", "confidence", "text")


def write_csv(path: Path, film: AlignedFilm) -> None:
    """Write the passages in the order of time, then the unmatched snippets, without times."""
    alignment, matched = film.alignment, film.passages
    rows: list[tuple[object, ...]] = [
        (alignment.id, p.snippet, *(round(t, 6) for t in p.interval), round(p.confidence, 6), p.text)
        for p in matched
    ]
    seen = {passage.snippet for passage in matched}
    rows += [
        (alignment.id, number, "", "", round(alignment.snippet_confidence[number], 6), snippet.text)
        for number, snippet in enumerate(alignment.snippets)
        if number not in seen
    ]
    write_rows(path, COLUMNS, rows)


def write_jsonl(path: Path, film: AlignedFilm) -> None:
    """Write the snippets in reading order, with their intervals and their clips."""
    alignment = film.alignment
    lines = [
        json.dumps(
            {
                "id": alignment.id,
                "snippet": number,
                "text": snippet.text,
                "intervals": [[round(t, 6) for t in interval] for interval in alignment.intervals(number)],
                "clips": [clip for clip, matched in alignment.matches if matched == number],
                "confidence": round(alignment.snippet_confidence[number], 6),
            },
            ensure_ascii=False,
        )
        for number, snippet in enumerate(alignment.snippets)
    ]
    write_text(path, "".join(line + "\n" for line in lines))


CSV = ExportFormat(help="A table with one row per passage.", suffix=".csv", write=write_csv)
JSONL = ExportFormat(help="JSON lines, one per snippet.", suffix=".jsonl", write=write_jsonl)
