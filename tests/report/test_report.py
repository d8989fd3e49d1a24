"""The report: what stands in it, and how it behaves in a real browser."""

import base64
import json
import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from mmtool.formats.alignments import read_alignment, write_alignment
from mmtool.formats.annotations import write_annotations
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.records import Alignment, Annotation, Clip, Quality, Snippet
from mmtool.stages import report as stages
from support.commands import call, complaint
from support.corpora import make_corpus

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
TEXTS = ("the first </script><b>", "nobody shows this", "the last")
HOSTILE = 'A title with <script>alert(1)</script> & "quotes"'


def write_run(corpus, run, matches, confidence=(0.9, 0.5, 0.2)):
    """Four clips of a second each; the truth is snippet 0 in clip 0 and snippet 2 in clips 2 and 3."""
    clips = tuple(Clip(k, k + 1.0, 10 * k, 10 * k + 10) for k in range(4))
    snippets = tuple(Snippet(text) for text in TEXTS)
    for id in ("a", "b"):
        own = Alignment(id, clips, snippets, matches, (0.9, 0.8, 0.3, 0.7), confidence, "semi-markov", "")
        write_alignment(corpus.alignment(run, id), own, "recipe")


@pytest.fixture
def corpus(tmp_path):
    """Video ``a`` with truth and film, ``b`` with neither; run ``good`` is right, ``bad`` is not."""
    corpus = Corpus(tmp_path / "corpus")
    write_run(corpus, "good", ((0, 0), (2, 2), (3, 2)))
    write_run(corpus, "bad", ((1, 0), (3, 1)))
    write_annotations(corpus.annotations("a"), [Annotation(0, 1, TEXTS[0]), Annotation(2, 4, TEXTS[2])])
    write_rows(corpus.root / "videos.csv", ("id", "title"), [("a", HOSTILE)])
    film = corpus.root / "videos" / "a.mp4"
    film.parent.mkdir()
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"mp4v"), 10, (64, 48))
    for number in range(40):
        writer.write(np.full((48, 64, 3), 6 * number, np.uint8))
    writer.release()
    return corpus


def write_report(corpus, *runs, more=()):
    arguments = [argument for run in runs for argument in ("--run", run)]
    page = corpus.root.parent / "out" / "report.html"
    call("report", corpus.root, *arguments, "-o", page, *more)
    return page


def test_a_film_on_another_drive_of_windows_has_an_absolute_address(corpus, monkeypatch):
    """Such a film has no relative path."""

    def relpath(path, start):
        raise ValueError(f"path is on mount {path!r}, start on mount {start!r}")

    monkeypatch.setattr("mmtool.stages.report.os.path.relpath", relpath)
    page = write_report(corpus, "good").read_text(encoding="utf-8")
    assert (corpus.root / "videos" / "a.mp4").as_uri() in page


def data_of(page):
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"))
    return json.loads(found[1])


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


def write_odd(corpus, id, clips, texts, matches):
    """A video of the run ``odd`` whose clips have times alone."""
    own = Alignment(
        id,
        tuple(Clip(*clip) for clip in clips),
        tuple(Snippet(text) for text in texts),
        matches,
        (0.5,) * len(clips),
        (0.5,) * len(texts),
        "semi-markov",
        "",
    )
    write_alignment(corpus.alignment("odd", id), own, "recipe")


@pytest.fixture
def odd(corpus):
    """What no film looks like, and what some do."""
    write_odd(corpus, "a", [(0, 4), (1, 2), (1, 3.5)], TEXTS, ((0, 0), (1, 1)))  # clips overlap
    write_odd(corpus, "no clips", [], ["x"], ())
    write_odd(corpus, "no length", [(0, 0)], ["x"], ((0, 0),))
    write_odd(corpus, "no snippets", [(0, 1), (1, 2)], [], ())
    write_odd(corpus, "ünd <i>\"'#.x", [(0, 1)], ["שלום עולם", "x" * 100_000], ((0, 0), (0, 1)))
    shutil.copy(corpus.root / "videos" / "a.mp4", corpus.root / "videos" / "no clips.mp4")
    return corpus


def test_pictures_of_clips_that_overlap_are_the_clips_own(odd):
    a = data_of(write_report(odd, "odd", more=["--thumbnail-width", "16"]))[0]
    jpeg = base64.b64decode(a["pictures"]["jpeg"].partition(",")[2])
    sheet = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    found = [sheet[:, 16 * k + 4 : 16 * k + 12].mean() / 6 for k in range(3)]  # frames 20, 15 and 22
    assert found == pytest.approx([20, 15, 22], abs=1)


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; afterwards nothing may have been said on the console or fetched from a network."""
    complaints, contexts = [], []

    def open_file(path, *, width=1200, height=900, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on(
            "request", lambda r: None if r.url.startswith(("file:", "data:")) else complaints.append(r.url)
        )
        page.goto(path.resolve().as_uri())
        return page

    yield open_file
    for context in contexts:
        context.close()
    assert complaints == []


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
    assert page.locator("#videos tbody tr").first.locator("td").nth(4).inner_text() == "3"  # mistakes


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
        shown = page.locator("#videos tbody tr td:nth-child(6)").all_inner_texts()
        orders.append([float(value) for value in shown])
    assert orders[0] == sorted(orders[0])
    assert orders[1] == sorted(orders[1], reverse=True)
    assert len(set(orders[0])) > 1


def test_doubts_about_a_video_stand_above_it(corpus, open_page):
    path = corpus.alignment("good", "a")
    judged = replace(read_alignment(path)[0], quality=Quality(0.4, ("text too long", "confidence low")))
    write_alignment(path, judged, "recipe")
    page = open_page(write_report(corpus, "good"))
    assert page.locator(".doubt").inner_text() == "⚠ doubtful: text too long; confidence low"
    page.keyboard.press("j")
    assert page.locator(".doubt").count() == 0


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
