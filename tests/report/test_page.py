"""The report: what stands in its page."""

import base64
import re
import shutil

import cv2
import numpy as np
import pytest

from mmtool.formats.annotations import write_annotations
from mmtool.records import Annotation
from mmtool.stages import report as stages
from support.commands import call, complaint
from support.report_pages import TEXTS, data_of, write_report


def test_a_film_on_another_drive_of_windows_has_an_absolute_address(corpus, monkeypatch):
    """Such a film has no relative path."""

    def relpath(path, start):
        raise ValueError(f"path is on mount {path!r}, start on mount {start!r}")

    monkeypatch.setattr("mmtool.stages.report.os.path.relpath", relpath)
    page = write_report(corpus, "good").read_text(encoding="utf-8")
    assert (corpus.root / "videos" / "a.mp4").as_uri() in page


def test_the_page_holds_what_the_measures_say(corpus):
    a, b = data_of(write_report(corpus, "bad"))
    assert a["truth"] == [[0, 1], None, [2, 4]]
    assert a["runs"]["bad"]["clip_right"] == [0, 0, 0, 0]  # clip 1 is unmatched in truth, but not here
    assert a["runs"]["bad"]["snippet_iou"] == [0, None, 0]
    assert b["truth"] is None
    assert b["runs"]["bad"]["clip_right"] is None
    good = data_of(write_report(corpus, "good"))[0]["runs"]["good"]
    assert good["clip_right"] == [1, 1, 1, 1]
    assert good["snippet_iou"] == [1, None, 1]
    assert good["snippet_intervals"] == [[[0, 1]], [], [[2, 4]]]


def test_pictures_are_the_clips_central_frames_and_the_film_is_found_beside(corpus):
    a, b = data_of(write_report(corpus, "good", more=["--thumbnail-width", "32"]))
    assert a["film"] == "../corpus/videos/a.mp4"
    assert (a["pictures"]["width"], a["pictures"]["height"]) == (32, 24)
    assert a["pictures"]["jpeg"].startswith("data:image/jpeg;base64,")
    assert b["film"] == ""
    assert b["pictures"] is None
    assert data_of(write_report(corpus, "good", more=["--thumbnail-width", "0"]))[0]["pictures"] is None


def test_texts_and_titles_cannot_break_out_of_the_page(corpus):
    page = write_report(corpus, "good").read_text("utf-8")
    assert "<script>alert" not in page
    assert "</script><b>" not in page


def test_measures_stand_beside_baselines_and_several_runs_beside_each_other(corpus):
    page = write_report(corpus, "good", "bad").read_text("utf-8")
    for row in (
        "good",
        "bad",
        "all unmatched",
        "proportional to length",
        "upper bound",
        "bad − good: 1 video<",
    ):
        assert f'<th scope="row">{row}' in page


def test_one_annotated_video_has_no_intervals(corpus):
    """Those of several videos stand beside the value, unless all videos have the same one."""
    page = write_report(corpus, "good", "bad").read_text("utf-8")
    assert "95 % CI" not in page
    assert 'class="interval">' not in page.replace('class="interval"></span>', "")
    write_annotations(corpus.annotations("b"), [Annotation(0, 2, TEXTS[0])])
    page = write_report(corpus, "good", "bad").read_text("utf-8")
    assert "95 % CI" in page
    assert re.search(r'class="interval">\d+\.\d–\d+\.\d<', page)
    assert "100.0–100.0" not in page


def test_the_only_run_is_taken_and_of_several_one_must_be_named(corpus):
    complaint(call("report", corpus.root, code=2), "--run is needed: there are alignments of bad, good")
    shutil.rmtree(corpus.root / "alignments" / "bad")
    call("report", corpus.root, "--thumbnail-width", "0")
    assert (corpus.root / "reports" / "good.html").exists()
    report = stages.report(corpus.root, thumbnail_width=0)
    assert report.page == corpus.root / "reports" / "good.html"
    assert report.size == report.page.stat().st_size
    assert report.done == ["a", "b"]


def test_calls_that_cannot_be_answered_are_refused(corpus):
    assert "run `mmtool align` first" in call("report", corpus.root, "--run", "none", code=2).output
    assert (
        "--thumbnail-width"
        in call("report", corpus.root, "--run", "good", "--thumbnail-width", "5", code=2).output
    )
    corpus.alignment("good", "b").write_text("{}", encoding="utf-8")
    assert (
        "b.json: is not a valid alignment file" in call("report", corpus.root, "--run", "good", code=1).output
    )
    assert (corpus.root / "reports" / "good.html").exists()


def test_a_film_that_cannot_be_read_costs_the_pictures_only(corpus):
    (corpus.root / "videos" / "a.mp4").write_bytes(b"no film")
    page = corpus.root / "page.html"
    result = call("report", corpus.root, "--run", "good", "-o", page)
    assert "a is shown without thumbnails" in result.output
    assert data_of(page)[0]["pictures"] is None


def test_videos_that_one_run_lacks_are_left_out_and_said(corpus):
    corpus.alignment("bad", "b").unlink()
    result = call("report", corpus.root, "--run", "good", "--run", "bad", "--thumbnail-width", "0")
    assert "1 video is omitted: it is not aligned by every run" in result.output


def test_a_folder_is_no_page(corpus):
    for folder in (corpus.root, "."):
        output = call("report", corpus.root, "--run", "good", "-o", folder, code=2).output
        assert "is a folder; give --output the name of a file" in output


def test_pictures_of_clips_that_overlap_are_the_clips_own(odd):
    a = data_of(write_report(odd, "odd", more=["--thumbnail-width", "16"]))[0]
    jpeg = base64.b64decode(a["pictures"]["jpeg"].partition(",")[2])
    sheet = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    found = [sheet[:, 16 * k + 4 : 16 * k + 12].mean() / 6 for k in range(3)]  # frames 20, 15 and 22
    assert found == pytest.approx([20, 15, 22], abs=1)
