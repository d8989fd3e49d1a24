"""M-SyMoN: small files in the published layout, and in a flat one."""

import csv
import json

import pytest

from mmtool.choices import Ends, Split
from mmtool.errors import CallError, InputError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.formats.splits import read_split
from mmtool.importers.made_cuts import YMS_TAILS, read_clip_lengths
from mmtool.records import Annotation
from mmtool.stages.align import align
from mmtool.stages.evaluate import evaluate
from mmtool.stages.imports import import_corpus
from support.commands import call


def rows_of(corpus):
    with (corpus.root / "videos.csv").open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def said(text, start=0, end=0):
    """A sentence as M-SyMoN publishes it, matched if it has times."""
    matched = "yes" if end else "no"
    return {"id": "v", "begin_time": start, "end_time": end, "matched": matched, "text": text}


def flat(text, start=0.0, end=0.0):
    return {"text": text, "matched": bool(end), "start": start, "end": end}


@pytest.fixture
def msymon(tmp_path):
    """annotations/LANGUAGE/SPLIT.json, as published."""
    files = {
        "en/train.json": {"abc": [said("One.", 2, 4), said("Two."), said("Three.", 5.5, 8), said("Four.")]},
        "en/test.json": {"def": [said("A test.", 1, 3)]},
        "ch/train.json": {"ghi": [said("一。", 0, 2), said("二。", 2, 4)]},
    }
    for name, content in files.items():
        path = tmp_path / "M-SyMoN" / "annotations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    return tmp_path / "M-SyMoN"


def test_msymon_as_published(msymon, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=msymon, importer="msymon")
    assert sorted(report.done) == ["abc", "def", "ghi"]
    assert not report.failures
    assert [snippet.text for snippet in read_snippets(corpus.snippets("abc"))] == [
        "One.",
        "Two.",
        "Three.",
        "Four.",
    ]
    assert read_annotations(corpus.annotations("abc")) == [
        Annotation(2, 4, "One."),
        Annotation(5.5, 8, "Three."),
    ]
    assert [read_split(corpus.split(split)) for split in (Split.TRAIN, Split.TEST)] == [
        ["ghi", "abc"],
        ["def"],
    ]
    assert corpus.languages() == {"abc": "en", "def": "en", "ghi": "zh"}
    assert rows_of(corpus)["abc"] | {"title": ""} == {
        "id": "abc",
        "title": "",
        "language": "en",
        "end": "made, constant",
        "cuts": "random",
    }


def test_the_rest_of_a_text_is_told_at_its_own_pace_and_followed_by_eight_seconds(msymon, tmp_path):
    """17 characters (with spaces) take 6 s, "Four." and its space 6 characters: 6 · 6/17 s."""
    corpus = Corpus(tmp_path / "corpus")
    import_corpus(corpus.root, source=msymon, importer="msymon")
    clips = read_clips(corpus.clips("abc"))
    assert clips[0].start == 0
    assert clips[-1].end == pytest.approx(8 + 6 * 6 / 17 + 8, abs=1e-3)
    assert read_clips(corpus.clips("def"))[-1].end == 11


def test_made_clips_are_marked_beside_them(msymon, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=msymon, importer="msymon", seed=7)
    note = json.loads((corpus.root / "clips/.made/abc.csv.json").read_text(encoding="utf-8"))
    assert note["stage"] == "import"
    assert note["settings"] == {"cuts": "random", "seed": 7, "end": "made, constant"}
    assert any("3 videos were made at random" in note for note in report.notes)


@pytest.mark.parametrize("language", ["zh", "ch", "ZH"])
def test_only_the_languages_that_are_wanted(msymon, tmp_path, language):
    report = import_corpus(tmp_path / "corpus", source=msymon, importer="msymon", language=(language,))
    assert report.done == ["ghi"]


def test_msymon_in_flat_files(tmp_path):
    """``matched`` is a truth value here, and the times have other names."""
    folder = tmp_path / "flat"
    folder.mkdir()
    (folder / "pt.json").write_text(json.dumps({"p": [flat("Um.", 0, 2.5), flat("Dois.")]}), encoding="utf-8")
    (folder / "README.json").write_text("{}", encoding="utf-8")
    for source, root in ((folder, "a"), (folder / "pt.json", "b")):
        corpus = Corpus(tmp_path / root)
        report = import_corpus(corpus.root, source=source, importer="msymon")
        assert (report.done, report.splits, corpus.languages()) == (["p"], {}, {"p": "pt"})
        assert read_annotations(corpus.annotations("p")) == [Annotation(0, 2.5, "Um.")]


def test_a_file_that_is_not_named_after_a_language_needs_one(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"p": [flat("Um.", 0, 2)]}), encoding="utf-8")
    with pytest.raises(CallError, match=r"mine\.json: is not named after a language.*`language`"):
        import_corpus(tmp_path / "corpus", source=path, importer="msymon")
    import_corpus(tmp_path / "corpus", source=path, importer="msymon", language=("pt",))
    assert Corpus(tmp_path / "corpus").languages() == {"p": "pt"}


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ("text", "is not a list of sentences"),
        ([], "has no sentences"),
        ([flat("Never.")], "has no sentence with a usable interval"),
        ([flat("  ", 1, 2)], "has no sentences"),
        (["text"], "has a sentence 1 that is not an object"),
        ([{"text": "No times.", "matched": True}], "has a sentence 1 without 'start'"),
        ([{"begin_time": 0, "text": "No end.", "matched": "yes"}], "has a sentence 1 without 'end_time'"),
        ([{"start": 0, "end": 1, "matched": True}], "has a sentence 1 without 'text'"),
        ([flat("Maybe.", 0, 1) | {"matched": "perhaps"}], "whose 'matched' is neither yes nor no"),
        ([flat("Wrong.", 0, 1) | {"end": "1"}], "has a sentence 1 with a wrong value"),
        ([flat("Before.", -1, 1)], "has a sentence 1 with a wrong value"),
        ([flat(5, 0, 1)], "has a sentence 1 with a wrong value"),
        ([flat("\ud800", 0, 1)], "has a sentence 1 with a wrong value"),
        ([flat("Far.", 0, 9e8)], "would last 250,000 hours"),
    ],
)
def test_a_damaged_video_fails_beside_the_others(tmp_path, entries, problem):
    path = tmp_path / "en.json"
    path.write_text(json.dumps({"bad": entries, "good": [flat("Fine.", 0, 2)]}), encoding="utf-8")
    report = import_corpus(tmp_path / "corpus", source=path, importer="msymon")
    assert report.done == ["good"]
    (failure,) = report.failures
    assert failure.id == "bad"
    assert problem in failure.reason
    assert str(path) in failure.reason


def test_a_language_that_the_source_does_not_have(msymon, tmp_path):
    with pytest.raises(CallError, match="has no annotations in fr; it has en, zh"):
        import_corpus(tmp_path / "corpus", source=msymon, importer="msymon", language=("fr",))


def test_annotations_that_break_order_or_overlap_are_counted(tmp_path):
    entries = [
        flat("One.", 1, 3),
        flat("Late.", 50, 52),
        flat("Two.", 3, 6),
        flat("Overlaps.", 4, 7),
        flat("Empty.", 7, 7),
        flat("Three.", 7, 9),
        flat(" "),
    ]
    path = tmp_path / "en.json"
    path.write_text(json.dumps({"a": entries}), encoding="utf-8")
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=path, importer="msymon")
    assert [one.text for one in read_annotations(corpus.annotations("a"))] == ["One.", "Two.", "Three."]
    assert len(read_snippets(corpus.snippets("a"))) == 6
    assert (
        f"{path}: left 3 annotations out of the truth; the sentences are kept "
        f"(1 out of the order of time, 1 overlapping, 1 without length)"
    ) in report.notes
    assert f"{path}: left 1 sentence out (1 without text)" in report.notes


def test_a_text_that_is_listed_twice_is_read_once(tmp_path):
    entries = [flat("One.", 1, 3), flat("Two."), flat("Three.", 4, 6)] * 2
    path = tmp_path / "en.json"
    path.write_text(json.dumps({"a": entries}), encoding="utf-8")
    corpus = Corpus(tmp_path / "corpus")
    report = import_corpus(corpus.root, source=path, importer="msymon")
    assert [snippet.text for snippet in read_snippets(corpus.snippets("a"))] == ["One.", "Two.", "Three."]
    assert f"{path}: left 3 sentences out (3 listed a second time)" in report.notes


def test_lengths_of_ones_own(msymon, tmp_path):
    lengths = tmp_path / "lengths.txt"
    lengths.write_text("3\n\n2\n", encoding="utf-8")
    assert read_clip_lengths(lengths) == (2, 3)
    corpus = Corpus(tmp_path / "corpus")
    import_corpus(corpus.root, source=msymon, importer="msymon", clip_lengths=lengths)
    assert all(2 <= clip.duration <= 3 for clip in read_clips(corpus.clips("abc"))[:-1])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "contains no lengths"),
        ("1\nlong\n", "line 2 is not a number"),
        ("0", "no clip is as short as 0 s"),
        ("-3", "no clip is as short"),
        ("inf", "line 1 is not a number"),
    ],
)
def test_unusable_lengths_are_refused(msymon, tmp_path, content, problem):
    lengths = tmp_path / "lengths.txt"
    lengths.write_text(content, encoding="utf-8")
    with pytest.raises(CallError, match=problem):
        import_corpus(tmp_path / "corpus", source=msymon, importer="msymon", clip_lengths=lengths)
    with pytest.raises(InputError):
        read_clip_lengths(lengths)


def test_ends_can_be_drawn(msymon, tmp_path):
    constant, drawn = Corpus(tmp_path / "a"), Corpus(tmp_path / "b")
    import_corpus(constant.root, source=msymon, importer="msymon")
    import_corpus(drawn.root, source=msymon, importer="msymon", ends=Ends.YMS_LIKE)
    tails = {
        id: read_clips(drawn.clips(id))[-1].end - read_clips(constant.clips(id))[-1].end + 8
        for id in ("abc", "def", "ghi")
    }
    assert all(-0.01 <= tail <= max(YMS_TAILS) + 0.01 for tail in tails.values())
    assert len(set(tails.values())) > 1
    assert rows_of(drawn)["abc"]["end"] == "made, yms-like"


def test_an_imported_corpus_is_aligned_and_measured(msymon, tmp_path):
    import_corpus(tmp_path / "corpus", source=msymon, importer="msymon")
    assert not align(tmp_path / "corpus").failures
    report = evaluate(tmp_path / "corpus")
    assert sorted(report.done) == ["abc", "def", "ghi"]


def test_the_command_line_imports_with_options(msymon, tmp_path):
    done = call(
        *("import", "msymon", msymon, tmp_path / "corpus"),
        *("--language", "en", "--ends", "yms-like", "--json"),
    )
    assert json.loads(done.stdout)["clips"] > 0
    wrong = call("import", "msymon", msymon, tmp_path / "other", "--language", "xx", code=2)
    assert "--language must be an ISO 639-1 code such as en or pt, not 'xx'" in wrong.stderr
