"""One film in memory: the same clips, snippets and matches as ``mmtool run`` writes, and nothing written."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mmtool.errors import CallError, SettingError
from mmtool.formats.alignments import read_alignment
from mmtool.records import Verdict
from mmtool.settings.align import AlignSettings
from mmtool.settings.run import FilmSettings
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.run import align_film, run
from support.commands import call
from support.films import draw_film

LINE = "The captain finds a secret room behind the wall."


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Three shots of 3 s, and three lines that take about as long to read."""
    draw_film(tmp_path / "film.mp4", shots=3, frames=36)
    text = tmp_path / "narration.txt"
    text.write_text(f"{LINE}\n" * 3, encoding="utf-8")
    return tmp_path / "film.mp4", text


OPTIONS = [
    {},
    {"text_start": 0, "text_end": 9},
    {"path": "viterbi", "title": "The Film"},
    {"threshold": 200, "split": "phrases"},
    {"min_confidence": 0.99},
    {"start": 1.0, "end": 8.0},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_is_what_run_writes(files: tuple[Path, Path], tmp_path: Path, options: dict[str, object]) -> None:
    before = sorted(tmp_path.rglob("*"))
    found = align_film(*files, **options)
    assert sorted(tmp_path.rglob("*")) == before
    report = run(tmp_path / "corpus", video=files[0], text=files[1], **options)
    written = report.alignment
    assert written is not None
    assert (found.clips, found.snippets) == (written.clips, written.snippets)
    assert found.alignment.matches == written.matches
    assert found.alignment.clip_confidence == pytest.approx(written.clip_confidence, abs=1e-6)
    assert found.alignment.snippet_confidence == pytest.approx(written.snippet_confidence, abs=1e-6)
    assert found.expected_accuracy == pytest.approx(report.quality.expected_accuracy, abs=1e-6)
    assert (found.quality.reasons, found.verdict) == (report.quality.reasons, report.quality.verdict)
    assert set(found.notes) <= {
        note.replace(str(tmp_path / "corpus" / "videos"), str(tmp_path)) for note in report.notes
    }


def test_matches_and_what_was_not_placed(files: tuple[Path, Path]) -> None:
    found = align_film(str(files[0]), str(files[1]), text_start=0, text_end=9)
    assert [(match.start, match.end, match.text) for match in found.matches] == [
        (0, 3, LINE),
        (3, 6, LINE),
        (6, 9, LINE),
    ]
    assert [(match.snippet, match.clips) for match in found.matches] == [(0, (0,)), (1, (1,)), (2, (2,))]
    assert all(match.intervals == ((match.start, match.end),) for match in found.matches)
    assert all(0 <= match.confidence <= 1 for match in found.matches)
    assert (found.unplaced, found.verdict) == ((), Verdict.UNKNOWN)  # three lines confirm nothing
    nothing = align_film(*files, min_confidence=1.0)
    assert (nothing.matches, nothing.unplaced) == ((), nothing.snippets)


def test_settings_objects_and_keywords_are_the_same(files: tuple[Path, Path]) -> None:
    segment, align = SegmentSettings(split="sentences"), AlignSettings(text_start=1.0)
    whole = align_film(*files, FilmSettings(title="A", segment=segment, align=align))
    assert align_film(*files, title="A", split="sentences", text_start=1) == whole
    assert align_film(*files, title="A", segment=segment, text_start=1) == whole
    with pytest.raises(SettingError, match="split cannot be given together with `segment`"):
        align_film(*files, segment=segment, split="none")
    with pytest.raises(SettingError, match="title cannot be given together with a settings object"):
        align_film(*files, FilmSettings(), title="A")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"treshold": 20}, "treshold is not a setting; did you mean threshold"),
        ({"threshold": 0}, "threshold must be above 0, not 0"),
        ({"segment": SegmentSettings(thumbnails=True)}, "thumbnails has no effect in memory"),
        ({"align": AlignSettings(run="first")}, "run has no effect in memory"),
        ({"require": "iou=0.5"}, "require has no effect in memory"),
        ({"decoder": "dtw"}, "decoder dtw needs a corpus; use `mmtool run`"),
        ({"video_encoder": "clip"}, "video_encoder is not a setting"),
        ({"text_start": 50}, "film.mp4: .*outside"),
    ],
)
def test_what_is_impossible_is_refused(
    files: tuple[Path, Path], options: dict[str, object], problem: str
) -> None:
    with pytest.raises(CallError, match=problem):
        align_film(*files, **options)


def test_files_that_cannot_be_used_are_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    film, text = files
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    (tmp_path / "mute.txt").write_text("...\n")
    for pair, problem in (
        ((text, text), "narration.txt: is not a supported video file"),
        ((film, film), "film.mp4: is not a supported text file"),
        ((tmp_path / "none.mp4", text), "none.mp4: no such file"),
        ((tmp_path / "broken.mp4", text), "broken.mp4"),
        ((film, tmp_path / "mute.txt"), "mute.txt"),
    ):
        with pytest.raises(CallError, match=problem):
            align_film(*pair)


def test_progress_counts_frames(files: tuple[Path, Path]) -> None:
    heard: list[tuple[str, int]] = []
    align_film(*files, progress=lambda task, done, total, unit, per_second=None: heard.append((task, done)))
    assert heard[-1] == ("cutting", 3 * 36)


LOADED = """
import sys
from mmtool.stages.run import align_film
found = align_film(sys.argv[1], sys.argv[2])
print(len(found.snippets), [name for name in ("torch", "h5py") if name in sys.modules])
"""


def test_it_loads_no_torch(files: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", LOADED, *map(str, files)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3 []\n"


def test_the_next_steps_of_run_can_be_called(files: tuple[Path, Path], tmp_path: Path) -> None:
    root = tmp_path / "a corpus"
    shown = call("run", *files, "-o", root).stderr.splitlines()
    steps = run(root, video=files[0], text=files[1]).next_steps
    assert [
        line.removeprefix("next ").partition("  #")[0].strip() for line in shown if line.startswith("next")
    ] == [step.command for step in steps]
    for step in steps:
        call(*shlex.split(step.command)[1:])
    assert (root / "exports" / "semi-markov" / "film.srt").exists()
    assert (root / "reports" / "semi-markov.html").exists()


SPOKEN = (
    "Where did you put the silver candlestick?",
    "It stands behind the yellow curtain.",
    "Then tell the passengers to hurry up.",
)


def test_subtitles_count_as_they_do_in_run(files: tuple[Path, Path], tmp_path: Path) -> None:
    film, text = files
    text.write_text("\n".join(SPOKEN) + "\n", encoding="utf-8")
    said = tmp_path / "said.srt"
    cues = [f"00:00:0{3 * n},200 --> 00:00:0{3 * n + 2},800\n{line}\n" for n, line in enumerate(SPOKEN)]
    said.write_text("\n".join(f"{n}\n{cue}" for n, cue in enumerate(cues, 1)), encoding="utf-8")
    found = align_film(film, text, transcript=str(said))
    assert [match.evidence for match in found.matches] == ["words"] * 3
    assert any("words heard in said.srt" in note for note in found.notes)
    run(tmp_path / "out", video=film, text=text, transcript=str(said))
    written = read_alignment(tmp_path / "out" / "alignments" / "semi-markov" / "film.json")[0]
    assert written.matches == found.alignment.matches
    assert written.evidence == found.alignment.evidence
    said.rename(tmp_path / "film.srt")
    beside = align_film(film, text)
    assert beside.matches == found.matches
    assert any("is read as the transcript of the film" in note for note in beside.notes)
    without = align_film(film, text, transcript="none")
    assert "words" not in [match.evidence for match in without.matches]
    channel = align_film(film, text, timing_model="channel")
    assert any("film.srt was ignored" in note for note in channel.notes)


def test_a_transcript_that_is_missing_or_inside_the_film_is_named(files: tuple[Path, Path]) -> None:
    with pytest.raises(SettingError, match="no such file"):
        align_film(*files, transcript="nowhere.srt")
    with pytest.raises(SettingError, match="needs a corpus"):
        align_film(*files, transcript="embedded")
