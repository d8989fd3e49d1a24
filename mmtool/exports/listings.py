"""Alignments as tables: CSV with one row per passage, JSON lines with one line per snippet."""

import json
from pathlib import Path

from mmtool.exports.contract import AlignedFilm, ExportFormat
from mmtool.exports.passages import between_neighbours
from mmtool.formats.csv_rows import as_csv, without_formula

COLUMNS = ("id", "snippet", "start", "end", "confidence", "text", "placed", "verdict")


def write_csv(path: Path, film: AlignedFilm) -> None:
    """Write the passages in the order of time, then the other snippets, without times."""
    alignment, listed, verdict = film.alignment, film.passages, film.verdict
    cell = str if film.raw_csv else without_formula
    rows: list[tuple[object, ...]] = [
        (
            cell(alignment.id),
            p.snippet,
            *(round(t, 6) for t in p.interval),
            round(p.confidence, 6),
            cell(p.text),
            int(p.placed),
            verdict,
        )
        for p in listed
    ]
    seen = {passage.snippet for passage in listed}
    rows += [
        (
            cell(alignment.id),
            number,
            "",
            "",
            round(alignment.snippet_confidence[number], 6),
            cell(snippet.text),
            0,
            verdict,
        )
        for number, snippet in enumerate(alignment.snippets)
        if number not in seen
    ]
    path.write_text(as_csv(COLUMNS, rows), encoding="utf-8", newline="")


def write_jsonl(path: Path, film: AlignedFilm) -> None:
    """Write the snippets in reading order, with their intervals and their clips."""
    alignment = film.alignment
    kept = between_neighbours(alignment) if film.keep_unplaced else {}
    intervals = {
        number: alignment.intervals(number) or ([kept[number]] if number in kept else [])
        for number in range(len(alignment.snippets))
    }
    placed = {snippet for _, snippet in alignment.matches}
    lines = [
        json.dumps(
            {
                "id": alignment.id,
                "snippet": number,
                "text": snippet.text,
                "intervals": [[round(t, 6) for t in interval] for interval in intervals[number]],
                "clips": [clip for clip, matched in alignment.matches if matched == number],
                "confidence": round(alignment.snippet_confidence[number], 6),
                "placed": number in placed,
                "verdict": film.verdict or None,
            },
            ensure_ascii=False,
        )
        for number, snippet in enumerate(alignment.snippets)
    ]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="")


CSV = ExportFormat(
    help="A table with one row per passage.", suffix=".csv", write=write_csv, lists_unplaced=True
)
JSONL = ExportFormat(
    help="JSON lines, one per snippet.", suffix=".jsonl", write=write_jsonl, lists_unplaced=True
)
