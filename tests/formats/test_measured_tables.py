"""Tables of measures in three formats."""

import csv
from math import nan

import pytest

from mmtool.errors import SettingError
from mmtool.formats.measured_tables import WRITERS, Measured, MeasuredTable, write_table
from mmtool.settings.compare import CompareSettings
from mmtool.settings.evaluate import EvaluateSettings
from mmtool.settings.tables import TABLE_SUFFIXES
from support.commands import call
from support.corpora import make_corpus

TABLE = MeasuredTable(
    ("row", "videos", "video accuracy", "micro"),
    [("=a|b_c&d", 3, Measured(0.27, 0.251, 0.29), 0.5), ("one", 1, Measured(0.27, 0.27, 0.27), nan)],
)


def write(path, table=TABLE):
    write_table(path, table)
    return path.read_text(encoding="utf-8")


def test_csv_has_shares_and_a_column_for_each_end(tmp_path):
    assert write(tmp_path / "a.csv").splitlines() == [
        "row,videos,video_accuracy,video_accuracy_low,video_accuracy_high,micro",
        "'=a|b_c&d,3,0.27,0.251,0.29,0.5",
        "one,1,0.27,0.27,0.27,",
    ]


def test_markdown_has_percent_and_an_interval_that_has_a_width(tmp_path):
    assert write(tmp_path / "a.md").splitlines() == [
        "| row | videos | video accuracy | micro |",
        "| --- | ---: | ---: | ---: |",
        r"| =a\|b\_c&d | 3 | 27.0 (25.1–29.0) | 50.0 |",
        "| one | 1 | 27.0 | – |",
    ]


def test_latex_is_a_tabular_with_its_characters_escaped(tmp_path):
    text = write(tmp_path / "a.TEX")
    assert text.startswith("\\begin{tabular}{lrrr}\n\\toprule\n")
    assert "=a|b\\_c\\&d & 3 & 27.0 (25.1--29.0) & 50.0 \\\\\n" in text
    assert text.endswith("\\bottomrule\n\\end{tabular}\n")


def test_differences_have_signs(tmp_path):
    signed = MeasuredTable(("run", "change"), [("b", Measured(-0.01, -0.02, 0.03))], signed=True)
    assert "| b | −1.0 (−2.0 to +3.0) |" in write(tmp_path / "a.md", signed)
    assert "b & $-$1.0 ($-$2.0 to +3.0) \\\\" in write(tmp_path / "a.tex", signed)


def test_other_suffixes_are_refused():
    assert tuple(WRITERS) == TABLE_SUFFIXES
    for make in (
        lambda table: EvaluateSettings(table=table),
        lambda table: CompareSettings(runs=("a", "b"), table=table),
    ):
        with pytest.raises(SettingError, match=r"table.*\.csv, \.md, \.tex"):
            make("a.xlsx")


def test_evaluate_and_compare_write_them(tmp_path):
    corpus = make_corpus(tmp_path / "corpus")
    call("align", corpus.root)
    for suffix in TABLE_SUFFIXES:
        file = tmp_path / f"measures{suffix}"
        assert str(file.name) in call("evaluate", corpus.root, "--table", file, "--json").stdout
        assert "semi-markov" in file.read_text(encoding="utf-8")
    rows = list(csv.DictReader((tmp_path / "measures.csv").open()))
    assert {row["row"] for row in rows} > {"semi-markov"}
    assert 0 <= float(rows[0]["video_accuracy_low"]) <= float(rows[0]["video_accuracy"]) <= 1
    (corpus.root / "alignments" / "again").mkdir()
    for path in (corpus.root / "alignments" / "semi-markov").glob("*.json"):
        (corpus.root / "alignments" / "again" / path.name).write_bytes(path.read_bytes())
    file = tmp_path / "compared.md"
    call("compare", corpus.root, "--run", "semi-markov", "--run", "again", "--table", file)
    assert "| again − semi-markov |" in file.read_text(encoding="utf-8")
