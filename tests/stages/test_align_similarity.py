"""Alignment by features in one space, through the commands: alone, beside timing, and weighed by training."""

import json
import shutil

import numpy as np
import pytest

from mmtool.choices import Modality, Split
from mmtool.formats.alignments import read_alignment
from mmtool.formats.annotations import write_annotations
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeatureGroup, FeaturesHeader, write_features
from mmtool.formats.snippets import read_snippets, write_snippets
from mmtool.formats.splits import write_split
from mmtool.formats.timing_parameters import read_timing, read_used_features
from mmtool.records import Annotation, Clip, EncoderIdentity, Snippet
from support.commands import EXTRACT, call, complaint
from support.corpora import make_corpus

OWNERS = (4, 0, 0, 1, 3, 5)  # the direction of each clip's features; snippet j has direction j
TRUTH = ((1, 0), (2, 0), (3, 1), (4, 3))
DIRECTIONS = 6
HEADS = (1, 5, 2, 4, 3, 6, 0, 1, 5, 2, 4, 3)  # clips before the narration: nothing but features tells
TOY = ["--video", "toy", "--text", "toy"]  # toy-video and toy-text
KINDS = ("secret", "hidden", "second", "bigger")
SETTINGS = {"space": "toy"}


def write_pair(
    corpus: Corpus,
    *,
    name: str = "toy",
    models: tuple[str, str] = ("a", "b"),
    settings: dict | None = SETTINGS,
    width: int = DIRECTIONS,
    informed: bool = True,
) -> None:
    """Features of every id: where informed, a clip is like its snippet and like nothing else."""
    rng = np.random.default_rng(0)
    groups: dict[Modality, dict[str, FeatureGroup]] = {Modality.VIDEO: {}, Modality.TEXT: {}}
    for id in sorted(corpus.known_ids()):
        intervals = np.array([clip.interval for clip in read_clips(corpus.clips(id))])
        texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        owners = OWNERS if len(intervals) == 6 else narrated(HEADS[int(id[1:])])
        clips = np.eye(DIRECTIONS, dtype=np.float32)[list(owners)]
        if not informed:
            clips = rng.normal(size=clips.shape).astype(np.float32)
        groups[Modality.VIDEO][id] = FeatureGroup(clips, intervals=intervals, recipe="1")
        groups[Modality.TEXT][id] = FeatureGroup(
            np.eye(4, width, dtype=np.float32), snippets=texts, recipe="1"
        )
    for (modality, of_ids), model in zip(groups.items(), models, strict=True):
        dimension = DIRECTIONS if modality is Modality.VIDEO else width
        source = EncoderIdentity(name, model, "none", dimension, dict(settings or {}))
        write_features(corpus.features(f"toy-{modality}"), FeaturesHeader(modality, (source,)), of_ids)


def narrated(head: int) -> list[int]:
    """The directions of ten clips: ``head`` before the narration, one of each snippet, the rest after it."""
    return [4] * head + [0, 1, 2, 3] + [5] * (6 - head)


@pytest.fixture
def narrations(tmp_path):
    """Ten clips of 3.2 s; four texts that take as long to read, from a clip on that varies."""
    corpus = Corpus(tmp_path / "narrations")
    for number, head in enumerate(HEADS):
        clips = [Clip(3.2 * i, 3.2 * (i + 1)) for i in range(10)]
        texts = [f"The captain finds a {kind} room behind the wall." for kind in KINDS]
        write_clips(corpus.clips(f"v{number}"), clips)
        write_snippets(corpus.snippets(f"v{number}"), [Snippet(text) for text in texts])
        spoken = zip(clips[head:], texts, strict=False)
        write_annotations(
            corpus.annotations(f"v{number}"), [Annotation(c.start, c.end, text) for c, text in spoken]
        )
    write_split(corpus.split(Split.TRAIN), [f"v{number}" for number in range(10)])
    write_split(corpus.split(Split.TEST), ["v10", "v11"])
    write_pair(corpus)
    return corpus


@pytest.fixture
def corpus(tmp_path):
    corpus = make_corpus(tmp_path / "corpus", train=4)
    write_pair(corpus)
    return corpus


def matches(corpus: Corpus, run: str, id: str = "v0"):
    return read_alignment(corpus.alignment(run, id))[0].matches


# --- without a run ---------------------------------------------------------------------------------


def test_a_transcript_that_features_alone_do_not_read_is_named(corpus):
    (corpus.root / "transcripts").mkdir()
    corpus.transcript("v0").write_text('{"word": "hello", "start": 1, "end": 2}\n', encoding="utf-8")
    ignored = "v0: transcripts/v0.jsonl was ignored: the decoder monotone reads none"
    assert ignored in call("align", corpus.root, *TOY, "--decoder", "monotone").output


def test_monotone_finds_the_truth_that_the_features_show(corpus):
    options = [*TOY, "--decoder", "monotone", "--unmatched-score", 0.5]
    assert "7 done" in call("align", corpus.root, *options).stdout
    alignment, _ = read_alignment(corpus.alignment("monotone", "v0"))
    assert alignment.matches == TRUTH
    assert alignment.decoder == "monotone"
    assert all(0 <= sure <= 1 for sure in alignment.clip_confidence + alignment.snippet_confidence)
    assert alignment.clip_confidence[1] > 0.5 > alignment.clip_confidence[0]
    measures = json.loads(call("evaluate", corpus.root, "--run", "monotone", "--json").stdout)["measures"]
    assert measures["monotone"]["video_accuracy"]["value"] == 1.0
    assert measures["monotone"]["text_iou"]["value"] == 1.0


def test_dtw_matches_everything_and_otam_all_but_head_and_tail(corpus):
    for decoder in ("dtw", "otam"):
        call("align", corpus.root, *TOY, "--decoder", decoder)
    dtw, otam = matches(corpus, "dtw"), matches(corpus, "otam")
    assert {clip for clip, _ in dtw} == set(range(6))
    assert {snippet for _, snippet in dtw} == {snippet for _, snippet in otam} == set(range(4))
    stretch = sorted({clip for clip, _ in otam})
    assert stretch == list(range(stretch[0], stretch[-1] + 1))
    assert {2, 3, 4} <= set(stretch)
    assert 0 not in stretch
    assert 5 not in stretch


def right(corpus: Corpus) -> int:
    """How many of the narrations' 48 snippets have their clip."""
    truth = {f"v{number}": {(head + j, j) for j in range(4)} for number, head in enumerate(HEADS)}
    return sum(len(pairs & set(matches(corpus, "semi-markov", id))) for id, pairs in truth.items())


def test_similarity_without_a_run_leads_timing(narrations):
    root = narrations.root
    call("align", root)
    by_timing = right(narrations)
    assert "12 done" in call("align", root, *TOY, "--decoder", "semi-markov").stdout
    assert "12 unchanged" in call("align", root, *TOY).stdout  # it is the default decoder
    assert right(narrations) > 1.5 * by_timing
    assert "12 done" in call("align", root).stdout
    assert right(narrations) == by_timing


def test_done_alignments_are_skipped_until_options_or_features_change(corpus):
    command = ["align", corpus.root, *TOY, "--decoder", "monotone"]
    call(*command)
    assert "7 unchanged" in call(*command).stdout
    assert "7 done" in call(*command, "--unused-cost", 1).stdout
    assert "7 done" in call(*command, "--unmatched-score", 0.5).stdout
    write_pair(corpus, models=("a", "c"))
    assert "7 done" in call(*command, "--unmatched-score", 0.5).stdout


# --- one space -------------------------------------------------------------------------------------


def test_one_model_is_one_space_and_others_need_a_word(corpus):
    command = ["align", corpus.root, *TOY, "--decoder", "dtw"]
    write_pair(corpus, models=("m", "m"), settings=None)
    call(*command)
    write_pair(corpus, models=("m", "other"), settings=None)
    line = complaint(call(*command, code=2), "toy-text.h5")
    assert "do not share a space" in line
    assert "--any-space" in line
    call(*command, "--any-space")
    write_pair(corpus, models=("m", "m"), settings=None, width=5)
    line = complaint(call(*command, code=2), "toy-text.h5")
    assert "5 dimensions cannot be compared with 6" in line


def test_projected_and_joined_features_share_no_space(corpus):
    call("extract", corpus.root, *EXTRACT)
    call("project", corpus.root, "--video", "timing", "--text", "length")
    options = ["--video", "timing.rp", "--text", "length.rp", "--decoder", "dtw"]
    complaint(call("align", corpus.root, *options, code=2), "length.rp.h5")
    call("align", corpus.root, *options, "--any-space")
    joined = ["--video", "toy-video", "--text", "toy-text+length", "--decoder", "dtw"]
    assert "joined" in complaint(call("align", corpus.root, *joined, code=2), "toy-text.h5")


# --- trained weight --------------------------------------------------------------------------------


def train(corpus: Corpus, *options: object, code: int = 0):
    return call("train", corpus.root, "--preset", "semi-markov", "--run", "r", *options, code=code)


def test_train_weighs_a_similarity_that_helps_and_keeps_whose_it_is(narrations):
    assert "similarity weight" in train(narrations, *TOY).stdout
    assert "1 unchanged" in train(narrations, *TOY).stdout
    assert read_timing(narrations.timing("r"))["emission_weight"] > 0
    assert read_used_features(narrations.timing("r"))[Modality.TEXT].name == "toy-text"
    call("align", narrations.root, "--run", "r")
    measures = json.loads(call("evaluate", narrations.root, "--run", "r", "--json").stdout)["measures"]
    assert measures["r"]["video_accuracy"]["value"] > 0.9
    whole_names = ["--video", "toy-video", "--text", "toy-text"]
    assert "12 unchanged" in call("align", narrations.root, "--run", "r", *whole_names).stdout
    assert "timing parameters" in call("info", narrations.timing("r")).stdout


def test_train_gives_a_similarity_that_says_nothing_no_weight(narrations):
    write_pair(narrations, informed=False)
    assert "+0.0 points" in train(narrations, *TOY).stdout
    assert read_timing(narrations.timing("r"))["emission_weight"] == 0


def test_a_run_refuses_other_features_than_its_own_by_name(corpus):
    train(corpus, *TOY)
    write_pair(corpus, name="other")
    line = complaint(call("align", corpus.root, "--run", "r", code=2), "toy-video.h5")
    assert "other (a, weights none, space=toy)" in line
    assert "trained on toy (a, weights none, space=toy)" in line
    assert not (corpus.root / "alignments").exists()
    assert "config.json" in complaint(train(corpus, *TOY, code=2), "other data")
    train(corpus, *TOY, "--force")
    call("align", corpus.root, "--run", "r")


def test_a_run_of_timing_alone_takes_features_at_the_shipped_weight(corpus):
    train(corpus)
    assert read_used_features(corpus.timing("r")) == {}
    call("align", corpus.root, "--run", "r")
    id = sorted(corpus.known_ids())[0]
    plain = read_alignment(corpus.alignment("r", id))[0]
    call("align", corpus.root, "--run", "r", *TOY)
    assert read_alignment(corpus.alignment("r", id))[0].clip_confidence != plain.clip_confidence


# --- bad input -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--decoder", "dtw"], "--video and --text"),
        (["--decoder", "otam", "--video", "toy-video"], "--video and --text"),
        (["--decoder", "beam"], "--run"),
        (["--video", "toy-video"], "--text"),
        (["--text", "toy-text"], "--video"),
        (["--run", "dtw"], "--run"),
        (["--run", "r", "--decoder", "dtw", *TOY], "--run"),
        ([*TOY, "--decoder", "dtw", "--path", "viterbi"], "--path"),
        ([*TOY, "--decoder", "dtw", "--unused-cost", 1], "--unused-cost"),
        ([*TOY, "--decoder", "monotone", "--unmatched-score", "nan"], "--unmatched-score"),
        ([*TOY, "--decoder", "monotone", "--beam-width", 2], "--beam-width"),
        (["--beam-width", 0], "--beam-width"),
        (["--video", "nothing", "--text", "toy-text"], "nothing.h5"),
        (["--video", "toy-text", "--text", "toy-video"], "toy-text.h5"),
    ],
)
def test_options_that_cannot_be(corpus, options, named):
    complaint(call("align", corpus.root, *options, code=2), named)
    assert not (corpus.root / "alignments").exists()


@pytest.mark.parametrize("decoder", ["dtw", "semi-markov"])
def test_a_similarity_that_is_not_finite_names_the_features_and_the_id(corpus, decoder):
    import h5py

    with h5py.File(corpus.features("toy-text"), "a") as file:
        file["v1/features"][0, 0] = np.nan
        del file["v1"].attrs["digest"]  # which would tell that the file was changed
    result = call("align", corpus.root, *TOY, "--decoder", decoder, code=1)
    line = complaint(result, "toy-text.h5")
    assert "'v1'" in line
    assert "not finite" in line
    assert "6 done, 1 failed" in result.stdout
    assert not corpus.alignment(decoder, "v1").exists()


@pytest.mark.parametrize("decoder", ["monotone", "semi-markov"])
def test_features_of_other_clips_and_missing_ids(corpus, decoder):
    import h5py

    shutil.copy(corpus.clips("v1"), corpus.clips("v0"))
    with h5py.File(corpus.features("toy-text"), "a") as file:
        del file["v2"]
    result = call("align", corpus.root, *TOY, "--decoder", decoder, code=1)
    assert "5 done, 2 failed" in result.stdout
    assert "other clips" in result.stderr
    assert "no features of 'v2'" in result.stderr


BAD_VIDEO = [
    ("snippets/v0.csv", "snippet,text,start,end\n" + "0,a long sentence about it,,\n" * 99, "does not fit"),
    ("clips/v0.csv", "clip,start,end,start_frame,end_frame\n0,1.0,1.0,,\n", "has no length"),
    ("snippets/v0.csv", "snippet,text,start,end\n0,...,,\n", "has no letters"),
    ("clips/v0.csv", "clip,start,end,start_frame,end_frame\n", "contains no clips"),
    ("snippets/v0.csv", "snippet,text,start,end\n", "contains no snippets"),
]


@pytest.mark.parametrize(("file", "content", "problem"), BAD_VIDEO)
def test_the_only_video_being_bad_is_one_line_exit_2_and_nothing_written(tmp_path, file, content, problem):
    corpus = make_corpus(tmp_path / "one", train=1, val=0, test=0)
    (corpus.root / file).write_text(content)
    line = complaint(call("align", corpus.root, code=2), file)
    assert problem in line
    assert "more failed" not in line
    assert not (corpus.root / "alignments").exists()


def test_train_with_too_little_to_weigh_on(tmp_path):
    corpus = make_corpus(tmp_path / "one", train=1, val=0, test=0)
    write_pair(corpus)
    assert "two annotated videos" in complaint(train(corpus, *TOY, code=2), "train.txt")
    complaint(train(corpus, "--video", "toy-video", code=2), "--video")
    assert not (corpus.root / "runs").exists()
