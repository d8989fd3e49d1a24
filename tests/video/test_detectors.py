"""Cuts of every detector against PySceneDetect's, and stored scores against decoding."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import scenedetect
import torch
from scenedetect import StatsManager
from scenedetect.detector import FlashFilter

from mmtool.errors import CallError
from mmtool.video.detectors.registry import DETECTORS, make_detector, other_than_default
from mmtool.video.detectors.transnetv2 import MARGIN, STEP, WINDOW, load_network, windows
from mmtool.video.shots import clips_of, recall_scores, score_frames
from support.cuts import detect_clips
from support.films import picture, scenes, shots, write_film
from support.footage import FOOTAGE
from support.pyscenedetect import command

CLASSICAL = [name for name in DETECTORS.built_in if name != "transnetv2"]
COMMANDS = {
    "content": ["detect-content", "-t", "20"],
    "adaptive": ["detect-adaptive"],
    "threshold": ["detect-threshold"],
    "histogram": ["detect-hist"],
    "hash": ["detect-hash"],
}
LENGTHS = (20, 30, 3, 25, 40, 33, 28, 24)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Cuts, a flash of three frames, and two fades; it ends in the dark."""
    frames = scenes(lengths=LENGTHS, fades=(4, 7))
    return write_film(tmp_path_factory.mktemp("film") / "film.mkv", frames)


def cuts(clips):
    return [clip.start_frame for clip in clips[1:]]


@pytest.mark.parametrize("name", CLASSICAL)
def test_cuts_are_those_of_the_command_with_its_defaults(film, tmp_path, name):
    rows = command(film, tmp_path, *COMMANDS[name], "-m", "5")
    clips = detect_clips(film, make_detector(name), min_clip_frames=5)
    assert len(rows) >= 3
    assert [(clip.start_frame, clip.end_frame) for clip in clips] == rows


VARIANTS = [
    ("content", 8, ["luma_only=yes"], lambda m: scenedetect.ContentDetector(8, m, luma_only=True)),
    (
        "content",
        12,
        ["weights=1,0.5,1,2", "kernel_size=5", "filter_mode=suppress"],
        lambda m: scenedetect.ContentDetector(
            12,
            m,
            scenedetect.ContentDetector.Components(1, 0.5, 1, 2),
            kernel_size=5,
            filter_mode=FlashFilter.Mode.SUPPRESS,
        ),
    ),
    (
        "adaptive",
        1.5,
        ["window-width=3", "min_content_val=2"],
        lambda m: scenedetect.AdaptiveDetector(1.5, m, window_width=3, min_content_val=2),
    ),
    (
        "threshold",
        90,
        ["fade_bias=-0.5", "add_final_scene=no", "min_out_length=0", "method=ceiling"],
        lambda m: scenedetect.ThresholdDetector(
            90, m, -0.5, method=scenedetect.ThresholdDetector.Method.CEILING
        ),
    ),
    ("histogram", 0.02, ["bins=64"], lambda m: scenedetect.HistogramDetector(0.02, 64, m)),
    ("hash", 0.1, ["size=16", "lowpass=3"], lambda m: scenedetect.HashDetector(0.1, 16, 3, m)),
]


@pytest.mark.parametrize(("name", "threshold", "options", "theirs"), VARIANTS)
@pytest.mark.parametrize("source", ["drawn", "footage"])
def test_cuts_are_those_of_the_library_with_other_settings(film, source, name, threshold, options, theirs):
    path = film if source == "drawn" else FOOTAGE / "bikes.mp4"
    expected = scenedetect.detect(str(path), theirs(7), start_in_scene=True)
    clips = detect_clips(path, make_detector(name, threshold=threshold, options=options), min_clip_frames=7)
    assert len(expected) >= 2
    assert [clip.start for clip in clips] == pytest.approx([start.seconds for start, _ in expected])
    assert clips[-1].end == pytest.approx(expected[-1][1].seconds)


@pytest.mark.parametrize("weights", [(1, 1, 1, 0), (1, 2, 0.5, 0.3)], ids=["colours", "edges"])
def test_scores_of_content_are_bit_for_bit_the_librarys(weights):
    path, stats = FOOTAGE / "bikes.mp4", StatsManager()
    manager = scenedetect.SceneManager(stats)
    components = scenedetect.ContentDetector.Components(*weights)
    manager.add_detector(scenedetect.ContentDetector(weights=components))
    video = scenedetect.open_video(str(path))
    manager.detect_scenes(video, end_time=60)
    theirs = [stats.get_metrics(frame, ["content_val"])[0] for frame in range(1, 60)]
    ours = score_frames(path, make_detector("content", options=[f"weights={','.join(map(str, weights))}"]))
    assert ours.scores[0] == 0
    assert ours.scores[1:60].tolist() == theirs


@pytest.mark.parametrize("name", CLASSICAL)
def test_stored_scores_give_the_cuts_of_decoding_at_any_threshold(film, name):
    detector = make_detector(name)
    scores = score_frames(film, detector)
    kept = recall_scores(film, first=0, times=scores.times.tolist(), scores=scores.scores.tolist())
    for factor in (0.3, 1, 2.5):
        for length in (1, 5, 12):
            other = detector.with_threshold(detector.threshold * factor)
            decoded = detect_clips(film, other, min_clip_frames=length)
            assert clips_of(kept, other, min_clip_frames=length) == decoded


def test_the_curve_is_what_the_threshold_is_compared_with(film):
    detector = make_detector("adaptive")
    scores = score_frames(film, detector)
    above = np.flatnonzero(detector.curve(scores) >= detector.threshold)
    assert above.tolist() == cuts(clips_of(scores, detector, min_clip_frames=1))


@pytest.mark.parametrize("length", [1, 2, 49, 50, 51, 75, 99, 100, 101, 175, 230])
def test_windows_are_those_of_a_film_padded_at_both_ends(length):
    frames = np.arange(1, length + 1, dtype=np.uint8).reshape(-1, 1, 1, 1)
    tail = MARGIN + -length % STEP
    padded = np.concatenate([frames[:1]] * MARGIN + [frames] + [frames[-1:]] * tail)
    found = list(windows(iter(frames)))
    assert sum(count for count, _ in found) == length
    for number, (count, window) in enumerate(found):
        np.testing.assert_array_equal(window, padded[number * STEP : number * STEP + WINDOW])
        assert count == min(STEP, length - number * STEP)
    assert list(windows(iter([]))) == []


def dissolve():
    """Forty frames: ten of one picture, twenty in which it becomes another, ten of that."""
    first, last = scenes(lengths=(1, 1), seed=3, size=(80, 160))
    for share in np.clip((np.arange(40) - 10) / 20, 0, 1):
        yield ((1 - share) * first + share * last).astype(np.uint8)


def test_transnetv2_finds_a_dissolve_that_content_does_not_see(tmp_path):
    path = write_film(tmp_path / "film.mkv", dissolve())
    learned = make_detector("transnetv2")
    scores = score_frames(path, learned)
    (cut,) = cuts(clips_of(scores, learned, min_clip_frames=5))
    assert 14 <= cut <= 26
    assert cuts(detect_clips(path, make_detector("content"), min_clip_frames=5)) == []

    seen = []
    reduced = score_frames(path, Watched(learned, seen))
    frames = torch.from_numpy(np.stack(seen)[..., ::-1].copy())
    theirs, _ = load_network(None).predict_frames(frames, quiet=True)
    np.testing.assert_allclose(reduced.scores, 0)
    np.testing.assert_allclose(scores.scores, theirs.detach().numpy(), atol=1e-6)


class Watched:
    """Keeps the frames that a detector would get."""

    def __init__(self, detector, seen):
        self.frame_size, self.interpolation, self._seen = detector.frame_size, detector.interpolation, seen

    def scores(self, frames):
        for frame in frames:
            self._seen.append(frame)
            yield 0.0


def test_transnetv2_puts_a_hard_cut_on_its_frame(film):
    detector = make_detector("transnetv2")
    scores = recall_scores(film, first=0, times=[k / 25 for k in range(12)], scores=[0] * 12)
    for high, cut in (([4], 5), ([3, 4, 5, 6, 7], 6), ([11], 12), ([0, 1], 1)):
        values = np.zeros(12)
        values[high] = 0.9
        found = clips_of(replace(scores, scores=values), detector, min_clip_frames=1)
        assert cuts(found) == ([cut] if cut < 12 else [])


def test_weights_that_do_not_fit_are_one_line(tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(CallError, match="no such file"):
        make_detector("transnetv2", options=[f"weights={path}"])
    for content in ({"fc1.weight": torch.zeros(2)}, ["no weights"]):
        torch.save(content, path)
        with pytest.raises(CallError, match="is not a file of TransNet V2 weights") as caught:
            load_network(path)
        assert "\n" not in str(caught.value)
    path.write_bytes(b"0:01.5")
    with pytest.raises(CallError, match="other things than tensors"):
        load_network(path)
    path.write_bytes(b"PK not really")
    with pytest.raises(CallError, match="is not a file of TransNet V2 weights"):
        load_network(path)


def test_loading_the_network_leaves_random_numbers_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    before = np.random.get_state()[1][0]
    state = torch.get_rng_state()
    load_network(None)
    assert np.random.get_state()[1][0] == before
    torch.set_rng_state(state)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize(
    ("name", "option", "words"),
    [
        ("adaptive", "window_widht=3", "did you mean window_width?"),
        ("adaptive", "window_width=many", "must be a whole number, not 'many'"),
        ("adaptive", "window_width=0", "at least 1"),
        ("content", "window_width=3", "window_width is not an option of content; it has weights"),
        ("content", "weights=1,2", "must be 4 numbers"),
        ("content", "weights=0,0,0,0", "not all be 0"),
        ("content", "luma_only=maybe", "true or false"),
        ("content", "kernel_size=4", "odd"),
        ("content", "filter_mode=drop", "merge or suppress"),
        ("content", "threshold=3", "use `threshold`"),
        ("content", "luma_only", "NAME=VALUE"),
        ("threshold", "fade_bias=nan", "a number"),
        ("threshold", "fade_bias=2", "between -1 and 1"),
        ("histogram", "bins=0", "between 1 and 256"),
        ("hash", "size=0", "between 1 and 256"),
    ],
)
def test_an_option_that_does_not_fit_is_one_line(name, option, words):
    with pytest.raises(CallError) as caught:
        make_detector(name, options=[option])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_options_that_differ_from_the_default_are_named():
    detector = make_detector(
        "adaptive", threshold=4, options=["window_width=2", "luma-only=on", "min_content_val=9"]
    )
    assert other_than_default(detector) == {"luma_only": True, "min_content_val": 9.0}
    assert other_than_default(detector, scores=True) == {"luma_only": True}


def test_a_film_of_another_size_midway_is_scored_on(tmp_path):
    """Bare pictures of two sizes, one after the other, are read as one film."""
    path = tmp_path / "film.avi"
    small = [cv2.resize(picture(k, 40), (32, 24)) for k in range(8)]
    jpegs = [cv2.imencode(".jpg", frame)[1].tobytes() for frame in [*shots(8), *small]]
    path.write_bytes(b"".join(jpegs))
    clips = detect_clips(path, make_detector("content"), min_clip_frames=2)
    assert clips[-1].end_frame == 16
