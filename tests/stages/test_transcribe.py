"""Speech that was recorded, heard by Whisper tiny.en: words, times, what is skipped, and what goes wrong."""

import json
import shutil
from itertools import pairwise

import numpy as np
import pytest

import mmtool
from mmtool.errors import CallError, InputError, SettingError
from mmtool.transcripts.readers import read_transcript
from support.commands import call, complaint
from support.speech import espeak, model_folder, recording, tone, write_sound_film

TINY = ["--model", model_folder(), "--threads", 1]
SPOKEN = "ever tried ever failed no matter try again fail again fail better"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A recording 3 s after the start, with 8 channels, at 8 kHz; music; silence; a film without sound."""
    root = tmp_path_factory.mktemp("heard")
    (root / "videos").mkdir()
    speech, silence = recording(), np.zeros(48_000, np.float32)
    write_sound_film(root / "videos" / "late.mkv", np.concatenate([silence, speech]))
    eight = np.repeat(speech, 3)
    write_sound_film(root / "videos" / "eight.mkv", eight, rate=48_000, layout="7.1")
    write_sound_film(root / "videos" / "low.avi", speech[::2], rate=8_000)
    write_sound_film(root / "videos" / "music.mp4", tone(6.0), codec="aac")
    write_sound_film(root / "videos" / "silence.mkv", silence)
    write_sound_film(root / "videos" / "mute.mp4", None, seconds=2)
    return root


@pytest.fixture(scope="module")
def result(corpus):
    return call("transcribe", corpus, *TINY, "--workers", 2)


def plain(words) -> str:
    return " ".join("".join(filter(str.isalpha, word.text.lower())) for word in words)


@pytest.mark.parametrize(("id", "delay"), [("late", 3.0), ("eight", 0.0), ("low", 0.0)])
def test_words_are_heard_when_they_are_said(corpus, result, id, delay):
    transcript = read_transcript(corpus / "transcripts" / f"{id}.jsonl")
    assert plain(transcript.words) == SPOKEN
    assert (transcript.language, transcript.word_times) == ("en", True)
    assert transcript.words[0].start == pytest.approx(delay, abs=0.8)
    assert delay + 7 < transcript.words[-1].end < delay + 10
    assert all(earlier.end <= later.start for earlier, later in pairwise(transcript.words))
    assert all(0 < word.probability <= 1 for word in transcript.words)


def test_music_silence_and_films_without_sound_are_said_and_are_no_failure(corpus, result):
    for id in ("music", "silence"):
        assert read_transcript(corpus / "transcripts" / f"{id}.jsonl").words == ()
        assert f"{id}.m" in result.stderr
    assert result.stderr.count("nobody speaks") == 2
    assert "mute.mp4: has no sound" in result.stderr
    assert not (corpus / "transcripts" / "mute.jsonl").exists()


def test_the_table_and_the_result_line(result):
    assert "× real time" in result.stdout
    assert "transcribe" in result.stdout


def test_the_first_line_says_how_it_was_made(corpus, result):
    about = json.loads((corpus / "transcripts" / "late.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert about["format"] == "mmtool transcript"
    assert about["duration"] == pytest.approx(12.96, abs=0.05)
    assert about["settings"]["weights"].startswith("whole:")
    assert about["film"].keys() == {"late.mkv"}
    assert "faster-whisper" in about["versions"]


def test_another_call_does_only_what_is_missing(corpus, result):
    path = corpus / "transcripts" / "low.jsonl"
    before = {id: (corpus / "transcripts" / f"{id}.jsonl").read_bytes() for id in ("late", "low", "eight")}
    path.unlink()
    report = mmtool.transcribe(corpus, model=str(model_folder()), threads=1)
    assert report.done == ["low"]
    assert set(report.unchanged) == {"late", "eight", "music", "silence", "mute"}
    assert {id: (corpus / "transcripts" / f"{id}.jsonl").read_bytes() for id in before} == before


def test_a_transcript_of_the_user_is_left_alone(corpus, result, tmp_path):
    root = tmp_path / "own"
    (root / "videos").mkdir(parents=True)
    (root / "transcripts").mkdir()
    for id in ("silence", "mute"):
        film = next((corpus / "videos").glob(f"{id}.*"))
        shutil.copy(film, root / "videos")
    own = {
        root / "transcripts" / "silence.jsonl": '{"start": 0, "end": 1, "text": "Mine"}\n',
        root / "transcripts" / "mute.vtt": "WEBVTT\n\n00:00.000 --> 00:01.000\nMine\n",
    }
    for path, content in own.items():
        path.write_text(content, encoding="utf-8")
    report = mmtool.transcribe(root, model=str(model_folder()))
    assert (report.done, report.failures) == ([], [])
    assert any("was not made by transcribe" in note for note in report.notes)
    assert any("is the transcript already" in note for note in report.notes)
    assert {path: path.read_text(encoding="utf-8") for path in own} == own
    assert mmtool.transcribe(root, model=str(model_folder()), force=True).done == ["silence"]


def test_broken_films_fail_alone(tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "bad.mp4").write_bytes(b"no film")
    write_sound_film(tmp_path / "videos" / "good.mkv", np.zeros(16_000, np.float32))
    result = call("transcribe", tmp_path, *TINY, code=1)
    assert "bad.mp4" in complaint(result, "bad.mp4")
    assert (tmp_path / "transcripts" / "good.jsonl").exists()


def test_a_model_that_is_not_there_and_cannot_be_downloaded(corpus, monkeypatch):
    monkeypatch.setattr("mmtool.speech.models.reachable", lambda url: False)
    monkeypatch.setenv("HF_HOME", str(corpus / "nothing"))
    with pytest.raises(InputError, match="set `model` to a local folder") as refusal:
        mmtool.transcribe(corpus, model="large-v3")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("options", "error", "problem"),
    [
        ({"model": "huge"}, SettingError, "neither a folder nor one of"),
        ({"model": "./nowhere"}, SettingError, "no such folder"),
        ({"language": "de"}, SettingError, "the model knows only English"),
        ({"language": "x1"}, SettingError, "must be an ISO 639 code"),
        ({"precision": "fp16", "device": "cpu"}, SettingError, "cpu computes only in"),
        ({"device": "cuda:99"}, SettingError, "cuda:99"),
        ({"device": "mps"}, SettingError, "mps"),
    ],
)
def test_impossible_settings_are_one_line(corpus, options, error, problem):
    given = {"model": str(model_folder()), "force": True} | options
    with pytest.raises(error) as refusal:
        mmtool.transcribe(corpus, **given)
    assert problem in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.fixture(params=["when it computes", "when it is loaded"])
def gpu_without_libraries(request, monkeypatch):
    """A machine that claims to have a GPU, and lacks libraries that CTranslate2 needs for it."""
    import ctranslate2
    import faster_whisper

    loaded = faster_whisper.WhisperModel

    class Model(loaded):
        def __init__(self, folder, *, device, **options):
            self.claimed = device
            if device == "cuda" and request.param == "when it is loaded":
                raise RuntimeError("CUDA failed with error no kernel image is available for execution")
            super().__init__(folder, device="cpu", **options)

        def encode(self, features):
            if self.claimed == "cuda":
                raise RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")
            return super().encode(features)

    monkeypatch.setattr(faster_whisper, "WhisperModel", Model)
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    monkeypatch.setattr(ctranslate2, "get_supported_compute_types", lambda kind: {"int8", "float32"})
    return {"when it computes": "libcublas", "when it is loaded": "no kernel image"}[request.param]


def test_a_gpu_without_its_libraries_is_left_for_the_cpu_and_said(tmp_path, gpu_without_libraries):
    (tmp_path / "videos").mkdir()
    write_sound_film(tmp_path / "videos" / "a.mkv", recording())
    model = str(model_folder())
    with pytest.raises(SettingError) as refusal:
        mmtool.transcribe(tmp_path, model=model, device="cuda")
    assert "is cuda, which CTranslate2 cannot use" in str(refusal.value)
    assert gpu_without_libraries in str(refusal.value)
    with pytest.raises(SettingError, match="is cuda:1, but this machine has 1 GPU, cuda:0"):
        mmtool.transcribe(tmp_path, model=model, device="cuda:1")
    report = mmtool.transcribe(tmp_path, model=model)
    (note,) = (note for note in report.notes if "so speech is recognised on the CPU" in note)
    assert gpu_without_libraries in note
    assert plain(read_transcript(tmp_path / "transcripts" / "a.jsonl").words) == SPOKEN


def test_folders_that_are_not_a_model(corpus, tmp_path):
    with pytest.raises(InputError, match=r"has no model\.bin"):
        mmtool.transcribe(corpus, model=str(tmp_path), force=True)
    for path in model_folder().iterdir():
        shutil.copy(path, tmp_path)
    (tmp_path / "model.bin").write_bytes(b"damaged")
    with pytest.raises(InputError, match="does not contain a Whisper model"):
        mmtool.transcribe(corpus, model=str(tmp_path), force=True)


def test_without_films_or_without_the_extra(tmp_path, corpus, monkeypatch):
    with pytest.raises(CallError, match="no films"):
        mmtool.transcribe(tmp_path)
    monkeypatch.setattr("mmtool.extras.find_spec", lambda name: None)
    with pytest.raises(CallError, match=r"mmtool\[speech\]"):
        mmtool.transcribe(corpus)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_synthetic_voice(tmp_path):
    (tmp_path / "videos").mkdir()
    samples = espeak("Every morning the workers walk across the bridge to the market.")
    write_sound_film(tmp_path / "videos" / "a.mkv", samples, delay=2.0)
    mmtool.transcribe(tmp_path, model=str(model_folder()), threads=1)
    words = read_transcript(tmp_path / "transcripts" / "a.jsonl").words
    heard = plain(words).split()
    assert {"workers", "bridge", "market"} <= set(heard)
    assert all(word.start >= 1.5 for word in words)


def test_info_says_what_a_transcript_holds(corpus, result):
    shown = call("info", corpus / "transcripts" / "late.jsonl").stdout
    assert "transcript" in shown
    assert "words     12" in shown


@pytest.mark.slow
def test_batches_hear_the_same(tmp_path):
    (tmp_path / "videos").mkdir()
    write_sound_film(tmp_path / "videos" / "a.mkv", recording())
    mmtool.transcribe(tmp_path, model=str(model_folder()), threads=1, batch_size=4)
    assert plain(read_transcript(tmp_path / "transcripts" / "a.jsonl").words) == SPOKEN
