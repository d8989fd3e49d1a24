"""Films whose names not every system can hold, or are reserved, are refused by name; the others go on."""

import os

import pytest

from mmtool.formats.corpus import Corpus
from mmtool.formats.ids import problem_of
from support.commands import call

RESERVED = ("metrics", "Metrics", "@region-names", "@transform")
CLIPS = "clip,start,end,start_frame,end_frame\n0,0,5,,\n1,5,10,,\n"
SNIPPETS = "snippet,text,start,end,kind,line,from,to\n0,Hello there.,,,,,,\n1,And good bye.,,,,,,\n"


@pytest.mark.parametrize("name", RESERVED)
def test_a_film_or_a_text_of_this_name_is_not_cut(tmp_path, name):
    for folder, suffix in (("videos", "mp4"), ("texts", "txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.{suffix}").write_text("Hello there.\nAnd good bye.\n")
    (tmp_path / "texts" / "a.txt").write_text("Hello there.\n")
    result = call("segment", tmp_path, code=1)
    for file in (f"videos/{name}.mp4", f"texts/{name}.txt"):
        assert f"{file}: this name is reserved for a file of mmtool's own" in " ".join(result.stderr.split())
    assert Corpus(tmp_path).known_ids() == {"a"}


@pytest.mark.parametrize("name", RESERVED)
def test_clips_and_snippets_of_this_name_are_named_by_every_command(tmp_path, name):
    for id in ("a", name):
        for folder, content in (("clips", CLIPS), ("snippets", SNIPPETS)):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{id}.csv").write_text(content)
    reserved = f"{name}: this name is reserved"
    extract = ("extract", tmp_path, "--video-encoder", "timing", "--text-encoder", "length")
    assert reserved in call(*extract, code=1).stderr
    assert "ids 1" in " ".join(call("info", tmp_path / "features" / "timing.h5").stdout.split())
    assert reserved in call("align", tmp_path, code=1).stderr
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "test.txt").write_text(f"a\n{name}\n")
    assert reserved in call("export", tmp_path, "--format", "srt", "--split", "test", code=1).stderr
    (tmp_path / "annotations").mkdir()
    for id in ("a", name):
        (tmp_path / "annotations" / f"{id}.tsv").write_text("0\t5\tHello there.\n5\t10\tAnd good bye.\n")
    assert reserved in call("evaluate", tmp_path, code=1).stderr
    assert reserved in call("plot", tmp_path, "--what", "alignment", "--video", name, code=2).stderr


UNMOVABLE = {
    "a: b": "a name with : is not possible on Windows",
    "what?": "a name with ? is not possible on Windows",
    "a\\b": "a name with \\ is not possible on Windows",
    "the end.": "a name that ends in a dot is not possible on Windows",
    "the end ": "a name that ends in a space is not possible on Windows",
    "aux": "this name is that of a device on Windows",
    "Com1.x": "this name is that of a device on Windows",
    "é" * 101: "a name of more than 200 bytes is too long",
}
MOVABLE = ("a.b", ".5 a", "console", "auxiliary", "com10", "é" * 100, "x.aux", "[a] {b} 'c' 100%", "映画")


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot make these files")
@pytest.mark.parametrize(("name", "problem"), UNMOVABLE.items())
def test_a_name_that_other_systems_cannot_hold_is_refused(tmp_path, name, problem):
    (tmp_path / "texts").mkdir()
    for id in (name, "a"):
        (tmp_path / "texts" / f"{id}.txt").write_text("Hello there.\n")
    stderr = call("segment", tmp_path, code=1).stderr
    assert f"{name}.txt: {problem}; rename the film and its text" in stderr
    assert Corpus(tmp_path).known_ids() == {"a"}


@pytest.mark.parametrize("name", MOVABLE)
def test_other_names_are_usable(name):
    assert problem_of(name) == ""


def test_names_that_differ_only_in_case_are_refused(tmp_path):
    (tmp_path / "texts").mkdir()
    for id in ("A film", "a Film", "another"):
        (tmp_path / "texts" / f"{id}.txt").write_text("Hello there.\n")
    if len(list((tmp_path / "texts").iterdir())) < 3:
        pytest.skip("this system cannot tell them apart")
    stderr = call("segment", tmp_path, code=1).stderr
    problem = "a Film.txt: differs from A film.txt only in case, which not all systems tell apart; rename"
    assert problem in stderr
    assert Corpus(tmp_path).known_ids() == {"A film", "another"}


@pytest.mark.skipif(os.name == "nt", reason="Windows may limit paths to 260 characters")
def test_a_folder_with_a_path_of_300_characters(tmp_path):
    root = tmp_path / "/".join(["a folder with a long name"] * 12)
    assert len(str(root)) > 300
    (root / "texts").mkdir(parents=True)
    (root / "texts" / f"{'a' * 200}.txt").write_text("Hello there.\n")
    call("segment", root)
    call("extract", root, "--text-encoder", "length")
    assert Corpus(root).snippet_ids() == ["a" * 200]
