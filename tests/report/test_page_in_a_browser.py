"""The report: how its page behaves in a real browser."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.corpus import Corpus
from mmtool.html_report.page import ShownAnswers
from mmtool.records import Alignment, Clip, Quality, Snippet, Verdict
from support.commands import call
from support.corpora import make_corpus
from support.report_pages import TEXTS, write_report, write_run


def chosen(page):
    """Which snippets and which clips are highlighted."""
    texts = page.locator(".texts li.chosen").evaluate_all("nodes => nodes.map(n => +n.dataset.snippet)")
    clips = page.locator(".cuts .chosen").evaluate_all("nodes => nodes.map(n => +n.dataset.clip)")
    return texts, clips


def test_a_click_on_either_side_highlights_its_partner(corpus, open_page):
    page = open_page(write_report(corpus, "good"))
    page.locator('.texts li[data-snippet="2"]').click()
    assert chosen(page) == ([2], [2, 3])
    assert page.locator("blockquote").inner_text() == TEXTS[2]
    page.locator('.cuts [data-clip="0"]').click()
    assert chosen(page) == ([0], [0])
    assert page.locator("blockquote").inner_text() == TEXTS[0]
    page.locator('.bands .band:not(.truth)[data-snippet="2"]').click()
    assert chosen(page) == ([2], [2, 3])
    page.locator(".film .picture").first.click()
    assert chosen(page) == ([0], [0])
    page.locator('.cuts [data-clip="1"]').click()
    assert chosen(page) == ([], [1])
    assert "matches no snippet" in page.locator("#focus").inner_text()


def test_right_wrong_and_unmatched_differ_by_sign_and_shape_not_by_colour_alone(corpus, open_page):
    page = open_page(write_report(corpus, "bad"))
    states = page.locator(".texts .state").all_inner_texts()
    assert states == ["✗ wrong", "✗ wrong", "✗ wrong"]
    assert page.locator(".band.wrong").first.evaluate("n => getComputedStyle(n).borderTopStyle") == "dashed"
    assert page.locator(".cuts .unmatched").count() == 2
    page = open_page(write_report(corpus, "good"))
    assert page.locator(".texts .state").all_inner_texts() == ["✓ right"] * 3
    assert page.locator(".band.right").first.evaluate("n => getComputedStyle(n).borderTopStyle") == "solid"


def test_keys_walk_through_snippets_clips_mistakes_and_videos(corpus, open_page):
    page = open_page(write_report(corpus, "bad", "good"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert chosen(page) == ([1], [3])
    page.keyboard.press("ArrowUp")
    assert chosen(page) == ([0], [1])
    page.keyboard.press("Escape")
    assert chosen(page) == ([], [])
    page.keyboard.press("ArrowRight")
    assert chosen(page) == ([], [0])
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert chosen(page)[0] == [1]
    page.keyboard.press("j")
    assert page.locator("h2").first.inner_text() == "b"
    page.keyboard.press("?")
    assert page.locator("dialog[open]").count() == 1
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0


@pytest.mark.slow
def test_every_key_works_on_every_odd_video(odd, open_page):
    page = open_page(write_report(odd, "odd"), width=360)
    for _ in range(5):
        for key in ("ArrowDown", "ArrowRight", "ArrowLeft", "ArrowUp", "n", "p", "+", "0", "Escape", "Enter"):
            page.keyboard.press(key)
        assert not re.search("NaN|Infinity|undefined", page.locator("#stage").evaluate("n => n.outerHTML"))
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
        page.keyboard.press("j")


def test_snippets_that_share_a_clip_lie_beneath_each_other(odd, open_page):
    page = open_page(write_report(odd, "odd"))
    page.locator("#videos tbody tr").last.press("Enter")
    first, second = page.locator(".band").evaluate_all(
        "nodes => nodes.map(n => n.getBoundingClientRect().top)"
    )
    assert second > first + 20
    assert page.locator(".texts .text").first.evaluate("n => getComputedStyle(n).direction") == "rtl"
    assert page.locator(".texts").evaluate("n => n.offsetHeight") < 500


def test_what_a_key_chooses_is_on_the_screen(corpus, open_page):
    page = open_page(write_report(corpus, "bad"), height=460)
    page.keyboard.press("n")
    assert page.locator("blockquote").evaluate("n => n.getBoundingClientRect().bottom <= innerHeight")
    assert page.locator("#videos tbody tr").first.locator("td").nth(6).inner_text() == "3"  # mistakes


def test_on_paper_it_is_light_and_nothing_is_cut_off(corpus, open_page):
    page = open_page(write_report(corpus, "good"), scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("() => getComputedStyle(document.body).color") == "rgb(29, 29, 33)"
    assert page.locator(".texts").evaluate("n => getComputedStyle(n).maxHeight") == "none"


def test_another_run_can_be_shown_first(corpus, open_page):
    page = open_page(write_report(corpus, "bad", "good"))
    page.locator("#run").select_option("good")
    assert page.locator(".texts .state").all_inner_texts() == ["✓ right"] * 3


def test_videos_are_sorted_by_accuracy_either_way(tmp_path, open_page):
    corpus = make_corpus(tmp_path / "corpus")
    call("align", corpus.root)
    page = open_page(write_report(corpus, "semi-markov"))
    head = page.locator("#videos thead button", has_text="video accuracy")
    orders = []
    for _ in range(2):
        head.click()
        shown = page.locator("#videos tbody tr td:nth-child(8)").all_inner_texts()
        orders.append([float(value) for value in shown])
    assert orders[0] == sorted(orders[0])
    assert orders[1] == sorted(orders[1], reverse=True)
    assert len(set(orders[0])) > 1


def test_doubts_about_a_video_stand_above_it(corpus, open_page):
    path = corpus.alignment("good", "a")
    doubtful = Quality(
        placed=1,
        snippets=3,
        expected_iou=0.214,
        verdict=Verdict.DOUBTFUL,
        reasons=("text too long", "confidence low"),
    )
    judged = replace(read_alignment(path)[0], quality=doubtful)
    write_alignment(path, judged, "recipe")
    page = open_page(write_report(corpus, "good"))
    assert page.locator(".doubt").inner_text() == "⚠ doubtful: text too long; confidence low"
    headline = page.locator(".quality").inner_text()
    assert headline.startswith("placed 2 of 3 snippets · expected text IoU 21 % · expected accuracy unknown")
    assert "doubtful" in page.locator("#videos tbody tr").first.inner_text()
    page.keyboard.press("j")
    assert page.locator(".doubt").count() == 0


def test_a_snippet_that_is_nowhere_is_said_to_be_nowhere(corpus, open_page):
    write_run(corpus, "some", ((0, 0),), confidence=(0.9, 1.0, 0.2))
    page = open_page(write_report(corpus, "some"))
    last = page.locator(".texts li:not(.names) > span:last-child")
    assert last.all_inner_texts() == ["90 %", "not in the film (100 %)", "not placed (absent: 20 %)"]
    page.locator(".texts li").nth(2).click()
    assert "not in the film (100 %)" in page.locator(".focus").inner_text()


def test_zooming_widens_the_timeline_and_back(corpus, open_page):
    page = open_page(write_report(corpus, "good"))
    width = "() => document.getElementById('stage').offsetWidth"
    whole = page.evaluate(width)
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.evaluate(width) == pytest.approx(2 * whole, abs=2)
    page.keyboard.press("0")
    assert page.evaluate(width) == whole


def test_a_film_that_the_browser_cannot_play_is_named(corpus, open_page):
    report = write_report(corpus, "good")
    (corpus.root / "videos" / "a.mp4").write_bytes(b"no film")
    page = open_page(report)
    page.locator('.texts li[data-snippet="0"]').click()
    page.locator(".play").first.click()
    page.locator("#player p").wait_for()
    assert "cannot play ../corpus/videos/a.mp4" in page.locator("#player").inner_text()


def test_a_film_plays_its_interval(corpus, open_page):
    """A WebM, which every Chromium plays."""
    import av

    (corpus.root / "videos" / "a.mp4").unlink()
    with av.open(str(corpus.root / "videos" / "a.webm"), "w") as container:
        stream = container.add_stream("libvpx", rate=10, options={"deadline": "realtime"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(40):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 6 * number, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    page = open_page(write_report(corpus, "good"))
    page.locator('.texts li[data-snippet="2"]').click()
    page.locator(".play").first.click()
    page.wait_for_function("() => document.querySelector('video')?.dataset.over === '1'", timeout=15_000)
    assert 4 - 0.5 <= page.evaluate("() => document.querySelector('video').currentTime") <= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_system_into_light_and_dark(corpus, open_page, scheme):
    page = open_page(write_report(corpus, "good"), scheme=scheme)
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", colour))) / 3
    assert (brightness > 200) == (scheme == "light")
    page.locator("#theme").click()
    assert page.evaluate("() => document.documentElement.dataset.theme") != scheme


def test_nothing_sticks_out_of_a_phone(corpus, open_page):
    page = open_page(write_report(corpus, "good", "bad"), width=360, height=740)
    page.keyboard.press("ArrowDown")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360


def test_a_long_film_works_too(tmp_path, open_page):
    """500 clips, 200 snippets."""
    corpus = Corpus(tmp_path / "corpus")
    clips = tuple(Clip(2.0 * k, 2.0 * k + 2) for k in range(500))
    snippets = tuple(Snippet(f"snippet number {k}") for k in range(200))
    matches = tuple((k, k * 2 // 5) for k in range(500))
    own = Alignment("long", clips, snippets, matches, (0.5,) * 500, (0.5,) * 200, "semi-markov", "")
    write_alignment(corpus.alignment("r", "long"), own, "recipe")
    page = open_page(write_report(corpus, "r"))
    assert page.locator(".cuts button").count() == 500
    assert page.locator(".links path").count() == 200
    page.locator('.texts li[data-snippet="199"]').click()
    assert chosen(page) == ([199], [498, 499])
    spent = page.evaluate(
        "() => { const t = performance.now(); choose({clip: 250}); document.body.offsetHeight;"
        " return performance.now() - t; }"
    )
    assert spent < 300  # milliseconds; 25 on a slow core


class Answers:
    """Explains the matches of video a: to the words of snippet 2, two parts of clip 3 answer, or a grid."""

    def __init__(self, boxes, maps):
        self.boxes, self.maps = boxes, maps

    def of(self, alignment):
        shown = ShownAnswers(3, ("the", "last"), self.maps, self.boxes)
        return {2: shown} if alignment.id == "a" else {}


def explained_page(corpus, monkeypatch, boxes, maps):
    opened = contextmanager(lambda *_: iter([Answers(boxes, maps)]))
    monkeypatch.setattr("mmtool.stages.shared.word_answers.open_word_answers", opened)
    return write_report(corpus, "good", more=["--explain", "m"])


def test_pointing_to_a_word_lights_up_what_answers_to_it(corpus, open_page, monkeypatch):
    """Box and strength of each part; another word lights up another, and none does without a word."""
    boxes = [[0.1, 0.2, 0.6, 0.7], [0.5, 0.0, 1.0, 0.4]]
    page = open_page(explained_page(corpus, monkeypatch, boxes, [[1.0, 0.0], [0.0, 0.5]]))
    page.locator('.texts li[data-snippet="2"]').click()
    picture, parts = page.locator(".answers .picture"), page.locator(".answers .picture i")

    def lit():
        return parts.evaluate_all("nodes => nodes.map(n => +getComputedStyle(n).opacity)")

    assert page.locator(".answers button").all_inner_texts() == ["the", "last"]
    assert lit() == [0, 0]
    page.locator(".answers button").nth(0).hover()
    assert lit() == [1, 0]
    page.locator(".answers button").nth(1).hover()
    assert lit() == [0, 0.5]
    whole, part = picture.bounding_box(), parts.nth(0).bounding_box()
    assert (part["x"] - whole["x"]) / whole["width"] == pytest.approx(0.1, abs=0.02)
    assert (part["y"] - whole["y"]) / whole["height"] == pytest.approx(0.2, abs=0.02)
    assert picture.evaluate("n => getComputedStyle(n).backgroundImage") != "none"  # the clip's frame
    page.locator("blockquote").hover()
    assert lit() == [0, 0]
    page.locator('.texts li[data-snippet="0"]').click()
    assert page.locator(".answers").count() == 0


def test_patches_light_up_without_lines_between_them(corpus, open_page, monkeypatch):
    boxes = [[x / 24, y / 24, (x + 1) / 24, (y + 1) / 24] for y in range(24) for x in range(24)]
    strengths = [round(number / 575, 3) for number in range(576)]
    page = open_page(explained_page(corpus, monkeypatch, boxes, [strengths, [0.0] * 576]))
    page.locator('.texts li[data-snippet="2"]').click()
    page.locator(".answers button").nth(0).hover()
    last = page.locator(".answers .picture i").last
    assert last.evaluate("n => [getComputedStyle(n).opacity, getComputedStyle(n).borderTopWidth]") == [
        "1",
        "0px",
    ]
    assert page.locator(".answers button.silent").all_inner_texts() == ["last"]
