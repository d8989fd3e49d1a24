"""``mmtool run`` with encoders: what it makes is what the commands make one after the other."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mmtool.choices import Decoder
from mmtool.errors import CallError
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.records import Alignment
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.run import RunSettings
from support.commands import call
from support.small_models import pictures, save_clip, save_siglip, write_film

CLIP = ["--video-encoder", "clip", "--text-encoder", "clip"]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_siglip(tmp_path_factory.mktemp("siglip"))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A film of six shots of a second, and two lines."""
    write_film(tmp_path / "film.mp4", pictures(6))
    (tmp_path / "film.txt").write_text("A man opens the door.\nHe leaves.\n")
    return [tmp_path / "film.mp4", tmp_path / "film.txt"]


def aligned(root: Path, decoder: Decoder = Decoder.SEMI_MARKOV) -> Alignment:
    return read_alignment(Corpus(root).alignment(decoder, "film"))[0]


def models(folder: Path) -> list[object]:
    return ["--video-model", folder, "--text-model", folder]


@pytest.mark.parametrize("decoder", [Decoder.SEMI_MARKOV, Decoder.MONOTONE])
def test_run_is_segment_extract_and_align(
    decoder: Decoder, files: list[Path], clip: Path, tmp_path: Path
) -> None:
    shown = call("run", *files, "-o", tmp_path / "out", *CLIP, *models(clip), "--decoder", decoder).stdout
    rows = [line.split("\t") for line in shown.splitlines()[:2]]
    assert [row[-2:] for row in rows] == [[text, "features"] for text in files[1].read_text().splitlines()]
    assert "run  1 done · clips 6 · placed 2 of 2 snippets" in shown

    root = tmp_path / "steps"
    for source, folder in zip(files, ("videos", "texts"), strict=True):
        (root / folder).mkdir(parents=True)
        (root / folder / source.name).symlink_to(source)
    (root / "videos.csv").write_text("id,title\nfilm,film\n")
    call("segment", root)
    call("extract", root, *CLIP, *models(clip))
    call("align", root, "--video", "clip", "--text", "clip", "--decoder", decoder)
    assert aligned(tmp_path / "out", decoder) == aligned(root, decoder)


def test_similarity_counts_beside_timing_and_work_is_done_once(
    files: list[Path], clip: Path, tmp_path: Path
) -> None:
    command = ["run", *files, "-o", tmp_path, "--json"]
    call(*command)
    timing = aligned(tmp_path)
    assert not (tmp_path / "features").exists()
    written = json.loads(call(*command, *CLIP, *models(clip)).stdout)["written"]
    names = ["clip-text.h5", "clip-video.h5", "film.json"]
    assert sorted(Path(path).name for path in written) == names
    assert aligned(tmp_path).clip_confidence != timing.clip_confidence
    again = json.loads(call(*command, *CLIP, *models(clip)).stdout)
    assert (again["unchanged"], again["written"]) == (["film"], [])
    call(*command)
    assert aligned(tmp_path).clip_confidence == timing.clip_confidence


def test_random_weights_need_no_files_but_the_form(files: list[Path], clip: Path, tmp_path: Path) -> None:
    form = tmp_path / "form"
    form.mkdir()
    (form / "config.json").write_bytes((clip / "config.json").read_bytes())
    random = ["--video-weights", "random", "--text-weights", "random", "--device", "cpu"]
    assert "1 done" in call("run", *files, "-o", tmp_path / "out", *CLIP, *models(form), *random).stdout


def refuse(*_: object, **__: object) -> None:
    raise urllib.error.URLError("offline")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (CLIP, "openai/clip-vit-base-patch32: not a local folder or a model on this machine"),
        (CLIP[:2], "name --video-encoder and --text-encoder"),
        (CLIP[2:], "name --video-encoder and --text-encoder"),
        (["--video-model", "CLIP"], "name --video-encoder, --text-encoder or both"),
        (["--device", "cpu"], "name --video-encoder, --text-encoder or both"),
        ([*CLIP, "--video-model", "CLIP", "--text-model", "SIGLIP"], "do not share a space; name one model"),
        (["--video-encoder", "timing", "--text-encoder", "length"], "do not share a space; name one model"),
        (["--decoder", "dtw"], "--decoder dtw compares features; name --video-encoder"),
        (["--decoder", "greedy"], "--decoder greedy needs a trained network"),
        ([*CLIP, "--decoder", "dtw", "--path", "viterbi"], "--path has no effect with --decoder dtw"),
        (["--language", "English"], "--language must be auto, or an ISO 639 code"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_nothing_is_written(
    options: list[str],
    problem: str,
    files: list[Path],
    clip: Path,
    siglip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    folders = {"CLIP": str(clip), "SIGLIP": str(siglip)}
    given = [folders.get(option, option) for option in options]
    result = call("run", *files, "-o", tmp_path / "out", *given, code=2)
    assert problem in result.output
    assert len(result.output.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_options_of_segment_reach_it(files: list[Path], tmp_path: Path) -> None:
    files[1].write_text("INT. HOUSE - DAY\n\nA man opens the door.\n\nEXT. STREET - NIGHT\n\nHe leaves.\n")
    command = ["run", *files, "-o", tmp_path, "--json"]
    rows = json.loads(call(*command, "--text-format", "plain").stdout)["alignment"]
    assert rows[0]["text"] == "INT. HOUSE - DAY"
    call(*command, "--detector", "histogram", "--language", "de")
    made = json.loads((tmp_path / "clips" / ".made" / "film.csv.json").read_text())
    assert made["settings"]["detector"] == "histogram"
    made = json.loads((tmp_path / "snippets" / ".made" / "film.csv.json").read_text())
    assert made["settings"]["language"] == "de"
    assert made["settings"]["format"] == "plain"  # as in the last call


def test_settings_compose() -> None:
    files = {"video": Path("film.mp4"), "text": Path("film.txt")}
    both = ExtractSettings(video_encoder="clip", text_encoder="clip")
    by_similarity = AlignSettings(decoder=Decoder.DTW)
    assert RunSettings(**files, extract=both, align=by_similarity).align.decoder == Decoder.DTW
    with pytest.raises(CallError, match="`video_encoder` and `text_encoder`"):
        RunSettings(**files, extract=ExtractSettings(video_encoder="clip"))
