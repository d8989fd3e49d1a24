"""YouTube Movie Summaries: a tiny folder in the layout of the released annotation files."""

import csv

import pytest

from mmtool.choices import Split
from mmtool.errors import CallError, SettingError
from mmtool.formats.annotations import read_annotations
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import read_snippets
from mmtool.formats.splits import read_split
from mmtool.importers.yms import read_yms
from mmtool.records import Annotation, Clip, Snippet
from mmtool.settings.imports import YmsSettings
from mmtool.stages.imports import import_corpus
from support.commands import call

FILES = {
    "annotations_phrases.txt": (
        "0000_00.00.01.500-00.00.03.000\tIn 1989, \n"
        "0000_00.00.03.000-00.00.04.000\tUNMATCHED\n"
        "0000_00.00.04.000-00.00.05.000\tUNMATCHED: he says,\n"
        "0000_00.00.05.000-00.00.05.500\t\n"
        "0000_00.01.00.250-01.00.00.000\tthe  café\topens.\n"
        "0001_00.00.00.000-00.00.02.000\tOne phrase.\n"
        "0002_00.00.00.000-00.00.02.000\tUNMATCHED:told elsewhere\n"
        "0087_00.00.00.000-00.00.02.000\tThe same film again.\n"
        "0087_00.00.02.000-00.00.03.000\t\n"
    ),
    "clip_segmentation.txt": (
        "0000/0000_00.00.00.000-00.00.01.500\n"
        "0000/0000_00.00.01.500-01.00.00.000\n"
        "0001/0001_00.00.00.000-00.00.02.125\n"
        "0002/0002_00.00.00.000-00.00.02.000\n"
        "0087/0087_00.00.00.000-00.00.02.000\n"
    ),
    "movie_list.txt": "0000\tAnt-Man in 4 minutes - (Recap)\n0001\tBlade  Runner\n0087\tAgain\n",
    "url_list.txt": "0000    https://example.org/a\n0001    https://example.org/b\n",
    "training_split.txt": "0000\n",
    "val_split.txt": "0001\n# 0087  # This video is the same as the 0000 in the training split.\n",
    "test_split.txt": "0002\n",
}


@pytest.fixture
def yms(tmp_path):
    folder = tmp_path / "yms"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def test_clips_phrases_and_splits_are_exact(yms):
    read = read_yms(yms, keep_unmatched=False)
    assert read.splits == {Split.TRAIN: ["0000"], Split.VAL: ["0001"], Split.TEST: ["0002"]}
    assert sorted(read.videos) == ["0000", "0001", "0002"]
    assert read.blank == 1
    video = read.videos["0000"]
    assert video.clips == [Clip(0.0, 1.5), Clip(1.5, 3600.0)]
    assert video.snippets == [Snippet("In 1989,"), Snippet("the café opens.")]
    assert video.annotations == [
        Annotation(1.5, 3.0, "In 1989,"),
        Annotation(60.25, 3600.0, "the café opens."),
    ]
    assert (video.title, video.url) == ("Ant-Man in 4 minutes - (Recap)", "https://example.org/a")
    assert (read.videos["0002"].title, read.videos["0002"].snippets) == ("", [])


def test_unmatched_phrases_are_snippets_without_annotation_where_wanted(yms):
    read = read_yms(yms, keep_unmatched=True)
    video = read.videos["0000"]
    assert [snippet.text for snippet in video.snippets] == ["In 1989,", "he says,", "the café opens."]
    assert [annotation.text for annotation in video.annotations] == ["In 1989,", "the café opens."]
    assert read.videos["0002"].snippets == [Snippet("told elsewhere")]
    assert read.videos["0002"].annotations == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("annotations_phrases.txt", "0000 00.00.01.000-00.00.02.000\ta space instead of _"),
        ("annotations_phrases.txt", "0000_00.00.01.000\tno end"),
        ("annotations_phrases.txt", "0000_00:00:01-00:00:02\tcolons"),
        ("annotations_phrases.txt", "0000_00.00.02.000-00.00.01.000\tbackward"),
        ("annotations_phrases.txt", "0000_00.00.02.000-00.00.02.000\tno length"),
        ("clip_segmentation.txt", "0000/0000_00.00.02.000-"),
    ],
)
def test_a_malformed_line_is_named_with_file_and_number(yms, name, line):
    path = yms / name
    number = len(path.read_text(encoding="utf-8").splitlines()) + 2
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" + line + "\n")  # after an empty line, which is fine
    with pytest.raises(CallError, match=rf"{name}: line {number}\b"):
        read_yms(yms, keep_unmatched=False)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(yms, name):
    (yms / name).unlink()
    with pytest.raises(CallError, match=f"{name}: no such file"):
        read_yms(yms, keep_unmatched=False)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_utf8_is_named(yms, name):
    (yms / name).write_bytes("0000\tcafé".encode("latin-1"))
    with pytest.raises(CallError, match=f"{name}: is not UTF-8"):
        read_yms(yms, keep_unmatched=False)


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(CallError, match="nowhere: no such folder"):
        read_yms(tmp_path / "nowhere", keep_unmatched=False)


def import_yms(source, root, **options):
    return import_corpus(root, source=source, importer="yms", **options)


def test_import_writes_a_corpus_without_the_videos_that_cannot_be_aligned(yms, tmp_path):
    """0002 has no phrase of its own pictures: it is reported and in no split."""
    corpus = Corpus(tmp_path / "corpus")
    report = import_yms(yms, corpus.root)
    assert report.done == ["0000", "0001"]
    assert [failure.id for failure in report.failures] == ["0002"]
    assert (report.clips, report.snippets, report.annotations) == (3, 3, 3)
    assert report.splits == {Split.TRAIN: 1, Split.VAL: 1, Split.TEST: 0}
    assert report.facts["splits"] == "1/1/0"
    assert corpus.known_ids() == {"0000", "0001"}
    assert read_clips(corpus.clips("0001")) == [Clip(0.0, 2.125)]
    assert read_snippets(corpus.snippets("0000")) == [Snippet("In 1989,"), Snippet("the café opens.")]
    assert read_annotations(corpus.annotations("0001")) == [Annotation(0.0, 2.0, "One phrase.")]
    assert [read_split(corpus.split(split)) for split in Split] == [["0000"], ["0001"], []]
    with (corpus.root / "videos.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [
            ["id", "title", "url"],
            ["0000", "Ant-Man in 4 minutes - (Recap)", "https://example.org/a"],
            ["0001", "Blade  Runner", "https://example.org/b"],
        ]
    assert corpus.titles()["0000"] == "Ant-Man in 4 minutes - (Recap)"


def test_annotations_that_break_the_order_of_time_are_left_out_and_counted(yms, tmp_path):
    with (yms / "annotations_phrases.txt").open("a", encoding="utf-8") as file:
        file.write("0001_00.00.04.000-00.00.06.000\tAnother one.\n")
        file.write("0001_00.00.01.000-00.00.03.000\tEarlier.\n")
        file.write("0001_00.00.05.000-00.00.08.000\tAt once.\n")
    corpus = Corpus(tmp_path / "corpus")
    report = import_yms(yms, corpus.root)
    reasons = "1 out of the order of time, 1 overlapping"
    assert f"{yms}: left 2 annotations out of the truth; the sentences are kept ({reasons})" in report.notes
    assert len(read_snippets(corpus.snippets("0001"))) == 4
    assert [one.text for one in read_annotations(corpus.annotations("0001"))] == [
        "One phrase.",
        "Another one.",
    ]


def test_import_spares_what_is_there_unless_forced(yms, tmp_path):
    corpus = Corpus(tmp_path / "corpus")
    import_yms(yms, corpus.root)
    corpus.clips("0000").write_text("by hand")
    with pytest.raises(CallError, match="`force`"):
        import_yms(yms, corpus.root)
    assert corpus.clips("0000").read_text() == "by hand"
    import_yms(yms, corpus.root, force=True)
    assert len(read_clips(corpus.clips("0000"))) == 2


def test_the_importers_own_settings_are_keywords_or_an_object(yms, tmp_path):
    for number, options in enumerate(
        ({"keep_unmatched": True}, {"options": YmsSettings(keep_unmatched=True)})
    ):
        corpus = Corpus(tmp_path / f"corpus-{number}")
        import_yms(yms, corpus.root, **options)
        assert [snippet.text for snippet in read_snippets(corpus.snippets("0000"))][1] == "he says,"
    with pytest.raises(SettingError, match="keep_unmatche is not a setting; did you mean keep_unmatched"):
        import_yms(yms, tmp_path / "corpus", keep_unmatche=True)
    with pytest.raises(SettingError, match="importer must be one of yms, msymon, symon, youcook2, not 'ymz'"):
        import_corpus(tmp_path / "corpus", source=yms, importer="ymz")
    with pytest.raises(SettingError, match="source is needed"):
        import_corpus(tmp_path / "corpus", importer="yms")


def test_the_command_imports_and_refuses_an_unknown_importer(yms, tmp_path):
    result = call("import", "yms", yms, tmp_path / "corpus", "--keep-unmatched", code=1)
    assert (
        "2 done, 1 failed · videos 2 · splits 1/1/0 · clips 3 · snippets 4 · annotations 3" in result.stdout
    )
    again = call(
        "import", "yms", yms, tmp_path / "corpus", "--keep-unmatched", code=1
    )  # it was killed as it ended
    assert "2 unchanged, 1 failed · videos 2 · splits 1/1/0 · clips 3" in again.stdout
    other = call("import", "yms", yms, tmp_path / "corpus", code=2)
    assert "already has other clips or snippets; choose an empty folder" in other.stderr
    assert "No such command" in call("import", "ymz", yms, tmp_path / "corpus", code=2).stderr
