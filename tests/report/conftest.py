"""Corpora to report on, and a browser that looks at the pages."""

import shutil

import cv2
import numpy as np
import pytest

from mmtool.formats.annotations import write_annotations
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.records import Annotation
from support.report_pages import HOSTILE, TEXTS, write_odd, write_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


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


@pytest.fixture
def odd(corpus):
    """What no film looks like, and what some do."""
    write_odd(corpus, "a", [(0, 4), (1, 2), (1, 3.5)], TEXTS, ((0, 0), (1, 1)))  # clips overlap
    write_odd(corpus, "no clips", [], ["x"], ())
    write_odd(corpus, "no length", [(0, 0)], ["x"], ((0, 0),))
    write_odd(corpus, "no snippets", [(0, 1), (1, 2)], [], ())
    write_odd(corpus, "ünd &i;'#.x", [(0, 1)], ["שלום עולם", "x" * 100_000], ((0, 0), (0, 1)))
    shutil.copy(corpus.root / "videos" / "a.mp4", corpus.root / "videos" / "no clips.mp4")
    return corpus


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
