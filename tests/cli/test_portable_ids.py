"""Ids that cannot move to another system are refused by name; the others go on."""

import pytest

from mmtool.formats.corpus import Corpus
from support.commands import call

BAD = {
    "a:b": "a name with :",
    "dot.": "ends in a dot",
    "space ": "ends in a space",
    "NUL": "is that of a device",
    "con.old": "is that of a device",
    "x" * 220: "more than 200 bytes",
    "tab\there": "a control character",
}
CLIPS = "clip,start,end,start_frame,end_frame\n0,0,5,,\n1,5,10,,\n"
SNIPPETS = "snippet,text,start,end,kind,line,from,to\n0,Hello there.,,,,,,\n1,And good bye.,,,,,,\n"


def test_segment_names_each_and_does_the_others(tmp_path):
    (tmp_path / "texts").mkdir()
    for id in ("good", *BAD):
        (tmp_path / "texts" / f"{id}.txt").write_text("Hello there.\n")
    result = call("segment", tmp_path, code=1)
    lines = [line for line in result.stderr.splitlines() if "rename the film and its text" in line]
    assert len(lines) == len(BAD)
    for said in BAD.values():
        assert any(said in line for line in lines)
    assert Corpus(tmp_path).snippet_ids() == ["good"]


@pytest.mark.parametrize("name", BAD)
def test_clips_and_snippets_of_such_names_are_named_by_every_command(tmp_path, name):
    for id in ("a", name):
        for folder, content in (("clips", CLIPS), ("snippets", SNIPPETS)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{id}.csv").write_text(content)
    extract = ("extract", tmp_path, "--video-encoder", "timing", "--text-encoder", "length")
    assert BAD[name] in call(*extract, code=1).stderr
    assert BAD[name] in call("align", tmp_path, code=1).stderr
    assert [path.name for path in (tmp_path / "alignments" / "semi-markov").glob("*.json")] == ["a.json"]


def test_ids_that_differ_only_in_case(tmp_path):
    for folder, files in (
        ("videos", ["Pier.mp4"]),
        ("texts", ["Heat.txt", "heat.txt", "pier.txt", "ok.txt"]),
    ):
        (tmp_path / folder).mkdir()
        for file in files:
            (tmp_path / folder / file).write_text("Hello there.\n")
    if len(list((tmp_path / "texts").iterdir())) < 4:
        pytest.skip("this system ignores case")
    result = call("segment", tmp_path, code=1)
    assert "differs from Heat.txt only in case" in result.stderr
    assert "differs from the film Pier only in case" in result.stderr
    assert Corpus(tmp_path).snippet_ids() == ["Heat", "ok"]


def test_import_leaves_out_what_cannot_be_stored(tmp_path):
    ids = ("a", "A", "b:c")
    files = {
        "annotations_phrases.txt": [f"{id}_00.00.01.000-00.00.02.000\tHello there." for id in ids],
        "clip_segmentation.txt": [f"{id}_00.00.00.000-00.00.03.000" for id in ids],
        "movie_list.txt": [f"{id} Film" for id in ids],
        "url_list.txt": [f"{id} http://x" for id in ids],
        "training_split.txt": ids,
        "val_split.txt": ["a"],
        "test_split.txt": ["a"],
    }
    (tmp_path / "yms").mkdir()
    for name, lines in files.items():
        (tmp_path / "yms" / name).write_text("\n".join(lines) + "\n")
    result = call("import", "yms", tmp_path / "yms", tmp_path / "corpus", code=1)
    assert "b:c: a name with :" in result.stderr
    assert "only in case, which not all systems tell apart" in result.stderr
    assert len(Corpus(tmp_path / "corpus").clip_ids()) == 1


def test_run_refuses_a_film_of_such_a_name(tmp_path):
    film, text = tmp_path / "a:b.mp4", tmp_path / "a.txt"
    film.write_bytes(b"")
    text.write_text("Hello there.\n")
    result = call("run", film, text, "-o", tmp_path / "out", code=2)
    assert "a name with : is not possible on Windows; rename the film" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("run", ["con", "a:b", "a.", "r" * 300])
def test_names_of_runs(tmp_path, run):
    result = call("align", tmp_path, "--run", run, code=2)
    assert "--run must be a name that every system can store" in result.stderr


def test_a_corpus_far_down(tmp_path):
    """A path of more than 300 characters is no problem where the system stores it."""
    root = tmp_path / ("d" * 100) / ("e" * 100) / ("f" * 100)
    (root / "texts").mkdir(parents=True)
    (root / "texts" / "a.txt").write_text("Hello there.\n")
    call("segment", root)
    assert Corpus(root).snippet_ids() == ["a"]
