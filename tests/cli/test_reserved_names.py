"""Films whose names are those of the package's own files are refused by name; the others go on."""

import pytest

from mmtool.formats.corpus import Corpus
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
    assert "ids        1" in call("info", tmp_path / "features" / "timing.h5").stdout
    assert reserved in call("align", tmp_path, code=1).stderr
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "test.txt").write_text(f"a\n{name}\n")
    assert reserved in call("export", tmp_path, "--format", "srt", "--split", "test", code=1).stderr
    (tmp_path / "annotations").mkdir()
    for id in ("a", name):
        (tmp_path / "annotations" / f"{id}.tsv").write_text("0\t5\tHello there.\n5\t10\tAnd good bye.\n")
    assert reserved in call("evaluate", tmp_path, code=1).stderr
    assert reserved in call("plot", tmp_path, "--what", "alignment", "--video", name, code=2).stderr
