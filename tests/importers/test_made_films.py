"""What importers of annotations share: the order of time, made cuts, refusals."""

from itertools import pairwise
from random import Random

import pytest

from mmtool.errors import CallError, SettingError
from mmtool.importers.made_cuts import YMS_CLIP_LENGTHS, FilmMaker
from mmtool.importers.time_order import BACKWARD, EMPTY, OVERLAPS, in_order
from mmtool.records import Annotation
from mmtool.stages.imports import import_corpus


@pytest.mark.parametrize("content", ["[]", "{", "", "nonsense", '{"a": NaN'])
@pytest.mark.parametrize("importer", ["msymon", "youcook2"])
def test_a_file_that_is_not_such_an_object_is_refused(tmp_path, importer, content):
    path = tmp_path / "en.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CallError, match=r"en\.json: is not a"):
        import_corpus(tmp_path / "corpus", source=path, importer=importer)


@pytest.mark.parametrize("importer", ["msymon", "symon", "youcook2"])
def test_a_missing_source_is_said(tmp_path, importer):
    with pytest.raises(CallError, match="nowhere: "):
        import_corpus(tmp_path / "corpus", source=tmp_path / "nowhere", importer=importer)


@pytest.mark.parametrize("importer", ["msymon", "symon", "youcook2"])
@pytest.mark.parametrize("code", ["xx", "english", "", "e", "123"])
def test_a_language_that_does_not_exist_is_refused(tmp_path, importer, code):
    language = (code,) if importer == "msymon" else code
    with pytest.raises(SettingError, match="language must be an ISO 639-1 code"):
        import_corpus(tmp_path / "corpus", source=tmp_path, importer=importer, language=language)


def kept_by_brute_force(annotations):
    """The size of the largest subset in which each starts where the core of the one before has ended."""
    best = 0
    for chosen in range(1 << len(annotations)):
        own = [one for index, one in enumerate(annotations) if chosen >> index & 1]
        ends = [max(one.end - 0.25, (one.start + one.end) / 2) for one in own]
        if all(later.start >= end for end, later in zip(ends, own[1:], strict=False)):
            best = max(best, len(own))
    return best


@pytest.mark.parametrize("seed", range(30))
def test_as_many_annotations_as_possible_are_kept(seed):
    random = Random(seed)
    annotations = []
    for number in range(9):
        start = round(random.uniform(0, 20), 2)
        annotations.append(Annotation(start, round(start + random.uniform(0.1, 6), 2), str(number)))
    kept, left_out = in_order(annotations)
    assert len(kept) == kept_by_brute_force(annotations)
    assert len(kept) + left_out.total() == len(annotations)
    assert [one.text for one in kept] == sorted(one.text for one in kept)
    assert all(earlier.end <= later.start for earlier, later in pairwise(kept))
    assert all(one.end > one.start for one in kept)


def test_intervals_that_touch_are_kept_and_the_earlier_is_shortened():
    kept, left_out = in_order([Annotation(0, 5.2, "a"), Annotation(5, 8, "b")])
    assert kept == [Annotation(0, 5, "a"), Annotation(5, 8, "b")]
    assert not left_out


def test_the_reasons_are_told_apart():
    annotations = [Annotation(*times, "") for times in ((5, 9), (1, 2), (7, 12), (9, 10), (11, 12), (13, 13))]
    kept, left_out = in_order(annotations)
    assert [one.start for one in kept] == [1, 9, 11]
    assert left_out == {BACKWARD: 1, OVERLAPS: 1, EMPTY: 1}


def test_cuts_are_those_of_seed_and_id_and_cover_the_film():
    maker = FilmMaker(3)
    clips = maker.clips("a", 100.0)
    assert clips == FilmMaker(3).clips("a", 100.0)
    assert clips != maker.clips("b", 100.0)
    assert clips != FilmMaker(4).clips("a", 100.0)
    assert (clips[0].start, clips[-1].end) == (0, 100)
    assert all(earlier.end == later.start for earlier, later in pairwise(clips))
    assert all(0.04 <= clip.duration <= max(YMS_CLIP_LENGTHS) for clip in clips)


def test_lengths_have_the_mean_of_the_published_clips():
    """1.396 s over the 12,140 clips of the training split."""
    clips = FilmMaker(0).clips("a", 20_000.0)
    assert 20_000 / len(clips) == pytest.approx(1.396, rel=0.05)


def test_a_film_shorter_than_any_clip_is_one_clip():
    (clip,) = FilmMaker(0).clips("a", 0.03)
    assert (clip.start, clip.end) == (0, 0.03)
