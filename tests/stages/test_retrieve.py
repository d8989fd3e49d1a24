"""``retrieve`` on a corpus of drawn films, with small models of the real classes."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mmtool
from mmtool.choices import Split
from mmtool.encoders.contract import EncoderOptions, FrameSequence
from mmtool.encoders.registry import load_text_encoder, load_video_encoder
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.frame_matcher import FrameMatcher
from mmtool.encoders.rerankers.registry import load_reranker
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.clips import read_clips, write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import open_index
from mmtool.formats.features import open_features, write_features
from mmtool.retrieval.contract import ClipFrames
from mmtool.stages.retrieve.measuring import read_split
from mmtool.video.frames import read_clip_frames
from mmtool.video.sequences import read_clip_sequences
from support.commands import call, complaint
from support.retrieval_corpora import FILMS, TEXTS, make_searchable
from support.small_models import save_clip, save_lxmert, save_xclip
from support.small_rerankers import save_blip, save_blip2, save_bridgetower, save_vilt

QUERY = "a man opens the door ."
SAVE = {
    "clip": save_clip,
    "blip": save_blip,
    "blip2": save_blip2,
    "vilt": save_vilt,
    "bridgetower": save_bridgetower,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> dict[str, str]:
    return {name: str(save(tmp_path_factory.mktemp(name))) for name, save in SAVE.items()}


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    return make_searchable(tmp_path_factory.mktemp("made") / "corpus").root


@pytest.fixture
def root(made, tmp_path) -> Path:
    shutil.copytree(made, tmp_path / "corpus")
    return tmp_path / "corpus"


def frames_of(root: Path) -> dict[tuple[str, int], np.ndarray]:
    """The central frame of each clip of the corpus, read here."""
    corpus = Corpus(root)
    return {
        (id, found.clip): found.frame.pixels
        for id in FILMS
        for found in read_clip_frames(root / "videos" / f"{id}.mp4", read_clips(corpus.clips(id)))
    }


def order_of(result) -> list[tuple[str, int]]:
    return [(hit.id, hit.clip - 1) for hit in result.hits]


def expected_order(scores: dict) -> list:
    return sorted(scores, key=lambda key: -scores[key])


def cosines(root: Path, model: str, query: str = QUERY) -> dict:
    frames = frames_of(root)
    clips = load_video_encoder(EncoderOptions("clip", model=model)).encode(list(frames.values())).features
    text = load_text_encoder(EncoderOptions("clip", model=model)).encode([query])[0]
    return dict(zip(frames, clips @ text, strict=True))


def logits_of(root: Path, model: str, query: str = QUERY, **options) -> dict:
    matcher, frames = load_reranker(model, RerankerOptions(**options)), frames_of(root)
    clips = matcher.clips([ClipFrames(frame[None]) for frame in frames.values()])
    pairs = np.array([[clip, 0] for clip in range(len(frames))])
    return dict(zip(frames, matcher.logits(clips, matcher.texts([query]), pairs)[:, 1], strict=True))


def test_words_find_clips_in_the_order_of_cosines(root, models):
    report = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=12)
    (result,) = report.results
    scores = cosines(root, models["clip"])
    assert order_of(result) == expected_order(scores)
    first = result.hits[0]
    assert first.score == pytest.approx(scores[first.id, first.clip - 1], abs=1e-5)
    assert (first.start, first.end) == (first.clip - 1, first.clip)
    assert first.logit is None
    assert Path(first.picture).read_bytes()[:2] == b"\xff\xd8"
    assert report.searched == 12


def test_sequences_of_frames_find_clips(root, models, tmp_path):
    """X-CLIP reads four frames of each clip; the reranker reads one, however the candidates were found."""
    folder = str(save_xclip(tmp_path / "xclip"))
    report = mmtool.retrieve(root, words=QUERY, encoder=folder, top=12)
    assert report.encoder.startswith("xclip (xclip-2x16-2x16)")
    options = EncoderOptions("xclip", model=folder)
    corpus, text = Corpus(root), load_text_encoder(options).encode([QUERY])[0]
    video, expected = load_video_encoder(options), {}
    for id in FILMS:
        film, clips = root / "videos" / f"{id}.mp4", read_clips(corpus.clips(id))
        for found in read_clip_sequences(film, clips, 1, length=4, spacing=None, shorter_side=32):
            seen = FrameSequence([frame.pixels for frame in found.frames], range(4))
            expected[id, found.clip] = float(video.encode([seen]).features[0] @ text)
    assert order_of(report.results[0]) == expected_order(expected)
    assert report.results[0].hits[0].score == pytest.approx(max(expected.values()), abs=1e-5)
    judged = mmtool.retrieve(
        root, words=QUERY, encoder=folder, reranker=models["vilt"], score="itm", k=100, top=12
    )
    assert order_of(judged.results[0]) == expected_order(logits_of(root, models["vilt"]))


def test_results_name_the_annotated_snippet(root, models):
    report = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=12)
    shown = {(hit.id, hit.clip): (hit.snippet, hit.text) for hit in report.results[0].hits}
    assert shown["two", 2] == (2, f"{TEXTS[1]} two")
    assert shown["two", 4] == (None, "")


@pytest.mark.parametrize("rule", ["itm", "itm+itc"])
@pytest.mark.parametrize("reranker", ["vilt", "bridgetower"])
def test_reranking_everything_is_brute_force(rule, reranker, root, models):
    report = mmtool.retrieve(
        root, words=QUERY, encoder=models["clip"], reranker=models[reranker], score=rule, k=1000, top=12
    )
    logits, similarity = logits_of(root, models[reranker]), cosines(root, models["clip"])
    scores = {key: logits[key] + (similarity[key] if rule == "itm+itc" else 0) for key in logits}
    assert order_of(report.results[0]) == expected_order(scores)
    assert report.pairs == 12
    assert report.results[0].hits[0].score == pytest.approx(max(scores.values()), abs=1e-4)


def test_only_the_best_k_are_reranked(root, models):
    chosen = {"words": QUERY, "encoder": models["clip"], "reranker": models["vilt"], "score": "itm"}
    report = mmtool.retrieve(root, **chosen, k=4, top=4)
    first = expected_order(cosines(root, models["clip"]))[:4]
    logits = logits_of(root, models["vilt"])
    assert report.pairs == 4
    assert order_of(report.results[0]) == expected_order({key: logits[key] for key in first})


@pytest.mark.parametrize("name", ["blip", "blip2"])
def test_a_reranker_with_a_dual_encoder_finds_its_own_candidates(name, root, models):
    report = mmtool.retrieve(root, words=QUERY, reranker=models[name], score="itm", k=100, top=12)
    assert report.encoder.startswith(name)
    assert order_of(report.results[0]) == expected_order(logits_of(root, models[name]))


def test_the_enc_token_can_be_turned_off(root, models):
    chosen = {"words": QUERY, "reranker": models["blip"], "score": "itm", "k": 100, "top": 12}
    without = mmtool.retrieve(root, **chosen, blip_enc_token=False)
    expected = logits_of(root, models["blip"], enc_token=False)
    assert order_of(without.results[0]) == expected_order(expected)
    assert without.results[0].hits[0].score == pytest.approx(max(expected.values()), abs=1e-4)


def test_score_itc_needs_no_pairs(root, models):
    report = mmtool.retrieve(
        root, words=QUERY, encoder=models["clip"], reranker=models["vilt"], score="itc", top=12
    )
    assert report.pairs == 0
    assert order_of(report.results[0]) == expected_order(cosines(root, models["clip"]))


def test_several_frames_are_read_by_both_encoders(root, models, monkeypatch):
    seen = []
    clips = FrameMatcher.clips
    monkeypatch.setattr(
        FrameMatcher,
        "clips",
        lambda self, given: seen.extend(len(c.pixels) for c in given) or clips(self, given),
    )
    mmtool.retrieve(root, words=QUERY, reranker=models["blip"], frames=3, k=100)
    assert seen == [3] * 12
    with open_features(root / "features" / "blip-video.h5") as features:
        assert features.header.sources[0].settings["frames"] == 3
    mmtool.retrieve(root, words=QUERY, reranker=models["blip"], k=100)  # those of the stored features
    assert seen == [3] * 24


def test_embeddings_are_computed_once(root, models, monkeypatch):
    mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    monkeypatch.setattr("mmtool.stages.retrieve.published_dual.extract", None)
    mmtool.retrieve(root, words="he leaves", encoder=models["clip"])


def test_clips_that_change_are_embedded_again(root, models):
    mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    corpus = Corpus(root)
    clips = read_clips(corpus.clips("one"))
    write_clips(corpus.clips("one"), [replace(clips[0], end=clips[1].end, end_frame=clips[1].end_frame)])
    report = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=100)
    found = [(hit.clip, hit.end) for hit in report.results[0].hits if hit.id == "one"]
    assert found == [(1, 2.0)]
    assert report.searched == 9


def test_another_model_of_the_same_kind_has_features_of_its_own(root, models, tmp_path):
    other = str(save_clip(tmp_path / "other", seed=7))
    one = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=12)
    mmtool.retrieve(root, words=QUERY, encoder=other, top=12)
    assert len(list((root / "features").glob("*.h5"))) == 2
    again = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=12)
    assert again.results[0].hits == one.results[0].hits


def test_features_of_extract_are_used(root, models):
    call("extract", root, "--video-encoder", "clip", "--video-model", models["clip"])
    before = (root / "features" / "clip-video.h5").stat().st_mtime_ns
    mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    assert (root / "features" / "clip-video.h5").stat().st_mtime_ns == before


def test_a_video_that_was_removed_is_not_found(root, models):
    mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    (root / "clips" / "two.csv").unlink()
    report = mmtool.retrieve(root, words=QUERY, encoder=models["clip"], top=100)
    assert {hit.id for hit in report.results[0].hits} == {"one", "three"}


@pytest.mark.parametrize("name", ["clip", "blip2"])
def test_a_clip_finds_snippets(name, root, models):
    report = mmtool.retrieve(root, clip="two:3", encoder=models[name], top=9)
    index = open_index(root / "features" / f"{name}-video.h5")
    clip = index.embeddings[index.rows("two")[2]].reshape(index.vectors, -1)
    text = load_text_encoder(EncoderOptions(name, model=models[name]))
    scores = {
        (id, number): float((clip @ text.encode([f"{words} {id}"])[0]).max())
        for id in sorted(FILMS)
        for number, words in enumerate(TEXTS)
    }
    (result,) = report.results
    assert result.query == "two:3"
    assert Path(result.picture).exists()
    assert [hit.score for hit in result.hits] == pytest.approx(
        sorted(scores.values(), reverse=True), abs=1e-5
    )
    first = result.hits[0]
    assert first.text == f"{TEXTS[first.snippet - 1]} {first.id}"
    assert first.clip is None


def test_a_clip_finds_snippets_in_the_order_of_pairs(root, models):
    report = mmtool.retrieve(root, clip="two:3", reranker=models["blip"], score="itm", k=100, top=9)
    frame = frames_of(root)["two", 2]
    matcher = load_reranker(models["blip"], RerankerOptions())
    for hit in report.results[0].hits:
        pair = matcher.clips([ClipFrames(frame[None])]), matcher.texts([hit.text]), np.array([[0, 0]])
        assert hit.score == pytest.approx(matcher.logits(*pair)[0, 1], abs=1e-4)


def test_every_snippet_is_a_query(root, models):
    report = mmtool.retrieve(root, snippets=True, encoder=models["clip"], top=2)
    assert [(result.id, result.query) for result in report.results] == [
        (id, f"{text} {id}") for id in sorted(FILMS) for text in TEXTS
    ]
    scores = cosines(root, models["clip"], report.results[0].query)
    assert order_of(report.results[0]) == expected_order(scores)[:2]


def test_the_page_has_the_pictures(root, models):
    report = mmtool.retrieve(root, words="a <b>man</b>", encoder=models["clip"], top=3)
    assert report.page == root / "retrieved" / "clip.html"
    page = report.page.read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 3
    assert "a &lt;b&gt;man&lt;/b&gt;" in page
    assert "../videos/" in page


def test_without_the_film_there_is_no_picture(root, models):
    mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    shutil.rmtree(root / "retrieved")
    shutil.rmtree(root / "videos")
    report = mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
    assert {hit.picture for hit in report.results[0].hits} == {None}
    with pytest.raises(InputError, match=r"has no film of the same name.*leave out `reranker`"):
        mmtool.retrieve(root, words=QUERY, encoder=models["clip"], reranker=models["vilt"])


class TestMeasures:
    """A split, against ranks that are counted here."""

    def ranks(self, root, models, *, rule, k):
        """Ranks of snippets that look for clips, by sorting everything."""
        similarity, logits = {}, {}
        for id in FILMS:
            for text in TEXTS:
                query = f"{text} {id}"
                similarity[query] = cosines(root, models["clip"], query)
                logits[query] = logits_of(root, models["vilt"], query)
        found = []
        for id in FILMS:
            for number, text in enumerate(TEXTS):
                own, judged = similarity[f"{text} {id}"], logits[f"{text} {id}"]
                keys = expected_order(own)
                best = keys[:k]
                if rule != "itc":
                    best = sorted(best, key=lambda key: -(judged[key] + (own[key] if rule != "itm" else 0)))
                order = best + keys[k:]
                found.append(1 + order.index((id, number)))
        return np.array(found)

    @pytest.mark.parametrize(("rule", "k"), [("itm", 5), ("itm+itc", 100)])
    def test_before_and_after(self, rule, k, root, models):
        report = mmtool.retrieve(
            root, split="test", encoder=models["clip"], reranker=models["vilt"], score=rule, k=k
        )
        measures = report.measures
        assert (measures.videos, measures.clips, measures.snippets) == (3, 12, 9)
        assert measures.k == min(k, 12)
        for both, ranks in (
            (measures.before, self.ranks(root, models, rule="itc", k=k)),
            (measures.after, self.ranks(root, models, rule=rule, k=k)),
        ):
            assert both.texts.queries == both.clips.queries == 9
            for depth, estimate in both.texts.recall.items():
                assert estimate.value == pytest.approx((ranks <= depth).mean())
            assert both.texts.median_rank.value == np.median(ranks)
        assert list(measures.sweep) == ([1, 2, 4, 5] if k == 5 else [1, 2, 4, 8, 12])
        assert measures.sweep[1] == measures.before  # one candidate has nowhere to go
        assert measures.sweep[measures.k] == measures.after

    def test_without_a_reranker_nothing_comes_after(self, root, models):
        report = mmtool.retrieve(root, split="test", encoder=models["clip"])
        assert report.measures.after is None
        assert report.done == ["one", "three", "two"]

    def test_snippets_with_the_same_text_are_one(self, root):
        text = (root / "snippets" / "two.csv").read_text(encoding="utf-8")
        (root / "snippets" / "two.csv").write_text(
            text.replace("leaves . two", "leaves . ONE"), encoding="utf-8"
        )
        notes = (root / "annotations" / "two.tsv").read_text(encoding="utf-8")
        (root / "annotations" / "two.tsv").write_text(notes.replace("leaves . two", "leaves . ONE"), "utf-8")

        data = read_split(Corpus(root), Split.TEST, [])
        query = np.array([data.texts.index("he leaves . one")])
        clips = [data.clips[row] for row in np.flatnonzero(data.positive_clips(query)[0])]
        assert clips == [("one", 1), ("two", 1)]

    def test_a_split_without_annotations_is_refused(self, root, models):
        shutil.rmtree(root / "annotations")
        line = complaint(
            call("retrieve", root, "--split", "test", "--encoder", models["clip"], code=2), "test.txt"
        )
        assert "no clip of these videos shows a snippet" in line

    def test_a_damaged_annotation_is_a_failure_beside_the_others(self, root, models):
        (root / "annotations" / "one.tsv").write_text("nonsense\n", encoding="utf-8")
        report = mmtool.retrieve(root, split="test", encoder=models["clip"])
        assert [failure.id for failure in report.failures] == ["one"]
        assert report.measures.videos == 2

    def test_tables_and_json(self, root, models):
        options = ["--split", "test", "--encoder", models["clip"], "--reranker", models["vilt"], "--k", "4"]
        output = call("retrieve", root, *options).stdout
        assert "reranked (itm+itc)" in output
        assert "text → clip  R@10" in output
        content = json.loads(call("retrieve", root, *options, "--json").stdout)
        assert content["measures"]["after"]["texts"]["recall"]["1"]["value"] <= 1
        assert content["pairs"] == content["facts"]["pairs"] > 0


class TestBadInput:
    @pytest.mark.parametrize("words", ["", "   "])
    def test_empty_words(self, words, root):
        line = complaint(call("retrieve", root, words, code=2), "WORDS")
        assert "must not be empty" in line

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ({}, "must say what the clips should show"),
            ({"words": "a", "snippets": True}, "cannot be given together with `words`"),
            ({"clip": "one"}, "such as film:12"),
            ({"clip": "one:0"}, "such as film:12"),
            ({"words": "a", "score": "itm"}, "needs a `reranker` or a `run`"),
            ({"words": "a", "blip_enc_token": False}, "without `reranker=blip`"),
            ({"words": "a", "run": "r", "reranker": "blip"}, "has no effect with `run`"),
            ({"words": "a", "checkpoint": "last"}, "has no effect without `run`"),
            ({"words": "a", "k": 0}, "at least 1"),
        ],
    )
    def test_settings_that_contradict_each_other(self, given, problem, root):
        with pytest.raises(SettingError, match=problem):
            mmtool.retrieve(root, **given)

    def test_words_that_the_vocabulary_does_not_know(self, root, models):
        report = mmtool.retrieve(
            root, words="человек падает", encoder=models["clip"], reranker=models["blip"]
        )
        assert len(report.notes) == 2
        assert "'человек падает': the vocabulary of clip" in report.notes[0]
        assert "does not know most of these words" in report.notes[1]
        assert len(report.results[0].hits) == 10
        assert not mmtool.retrieve(root, words="a man", encoder=models["clip"]).notes

    @pytest.mark.parametrize(
        ("encoder", "problem"),
        [
            ("vilt", "it reranks what another finds: use `reranker=vilt`"),
            ("timing", "does not encode both clips and snippets"),
            ("clib", "no dual encoder has this name; name one of clip, siglip2, xclip"),
        ],
    )
    def test_encoders_that_are_none(self, encoder, problem, root):
        with pytest.raises(SettingError, match=problem):
            mmtool.retrieve(root, words="a", encoder=encoder)

    def test_a_model_that_is_no_dual_encoder(self, root, models):
        line = complaint(call("retrieve", root, "a", "--encoder", models["vilt"], code=2), "vilt")
        assert "not a CLIP or SigLIP model; set --encoder to another dual encoder" in line

    def test_an_encoder_whose_sides_share_no_space(self, root, tmp_path, monkeypatch):
        folder = str(save_lxmert(tmp_path / "lxmert"))
        monkeypatch.setattr("mmtool.encoders.dual.lxmert_models.PUBLISHED", folder)
        with pytest.raises(
            SettingError, match="cannot be lxmert, whose clips and snippets cannot be compared"
        ):
            mmtool.retrieve(root, words="a", encoder="lxmert")

    def test_a_reranker_that_is_a_dual_encoder(self, root, models):
        line = complaint(
            call("retrieve", root, "a", "--encoder", models["clip"], "--reranker", models["clip"], code=2),
            "clip",
        )
        assert "judges no pairs" in line
        assert "--reranker" in line

    def test_the_enc_token_of_another_reranker(self, root, models):
        with pytest.raises(SettingError, match="blip_enc_token has no effect"):
            mmtool.retrieve(root, words="a", reranker=models["vilt"], blip_enc_token=True)

    def test_models_that_cannot_be_downloaded(self, root, models, monkeypatch):
        monkeypatch.setattr("mmtool.encoders.hub_models.reachable", lambda _: False)
        options = ["--encoder", models["clip"], "--reranker", "bridgetower"]
        line = complaint(
            call("retrieve", root, "a", *options, code=2), "BridgeTower/bridgetower-base-itm-mlm"
        )
        assert "the download failed" in line

    @pytest.mark.parametrize("wrong", [np.nan, np.inf])
    def test_scores_that_are_no_numbers(self, wrong, root, models, monkeypatch):
        monkeypatch.setattr(
            FrameMatcher, "logits", lambda self, clips, texts, pairs: np.full((len(pairs), 2), wrong)
        )
        with pytest.raises(CallError, match="vilt returned scores that are not finite numbers"):
            mmtool.retrieve(root, words="a", encoder=models["clip"], reranker=models["vilt"])

    def test_stored_embeddings_that_are_no_numbers(self, root, models):
        mmtool.retrieve(root, words=QUERY, encoder=models["clip"])
        path = root / "features" / "clip-video.h5"
        with open_features(path) as features:
            groups = {id: features.read(id) for id in features.ids()}
            header = features.header
        groups["one"].features[0, 0] = np.nan
        write_features(path, header, groups)
        with pytest.raises(InputError, match="are not finite"):
            mmtool.retrieve(root, words=QUERY, encoder=models["clip"])

    @pytest.mark.parametrize(
        ("clip", "problem"), [("four:1", "no such video"), ("one:5", "has 4 clips, but clip 5 was asked for")]
    )
    def test_a_clip_that_does_not_exist(self, clip, problem, root, models):
        with pytest.raises((CallError, InputError), match=problem):
            mmtool.retrieve(root, clip=clip, encoder=models["clip"])

    def test_other_frames_than_those_that_are_stored(self, root, models):
        """Both names are taken: by one frame, then by two."""
        for frames in (1, 2):
            mmtool.retrieve(root, words="a", encoder=models["clip"], frames=frames)
        with pytest.raises(CallError, match=r"frames=2.*leave out `frames`"):
            mmtool.retrieve(root, words="a", encoder=models["clip"], frames=3)

    def test_an_empty_corpus(self, tmp_path, models):
        with pytest.raises(CallError, match="no clips in clips/"):
            mmtool.retrieve(tmp_path, words="a", encoder=models["clip"])

    def test_a_page_that_is_a_folder(self, root, models):
        with pytest.raises(CallError, match="is a folder; give `page`"):
            mmtool.retrieve(root, words="a", encoder=models["clip"], page=root)

    def test_one_film_that_cannot_be_read_is_a_failure_beside_the_others(self, root, models):
        (root / "videos" / "two.mp4").write_bytes(b"not a film")
        report = mmtool.retrieve(root, words="a", encoder=models["clip"], top=100)
        assert [failure.id for failure in report.failures] == ["two"]
        assert {hit.id for hit in report.results[0].hits} == {"one", "three"}
