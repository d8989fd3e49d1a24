"""Features in HDF5: resumed, joined, refused where they are damaged or somebody else's."""

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import h5py
import numpy as np
import pytest

from mmtool.choices import Modality, Split
from mmtool.errors import CallError, InputError
from mmtool.features.joined import only_features, open_joined
from mmtool.features.projection import FeatureTransform
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeatureGroup, FeaturesHeader, open_features, write_features
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.splits import write_split
from mmtool.records import Clip, EncoderIdentity, Snippet
from mmtool.settings.project import ProjectSettings
from mmtool.stages.project import project


def header(modality=Modality.VIDEO, name="timing", **settings):
    return FeaturesHeader(modality, (EncoderIdentity(name, "model", "none", 2, settings),))


def clips(value, *, rows=2, recipe="v1", dimension=2):
    """A group of clips of one second whose features are all ``value``."""
    intervals = np.array([[k, k + 1] for k in range(rows)], np.float64)
    return FeatureGroup(np.full((rows, dimension), value, np.float32), intervals, recipe=recipe)


def snippets(*texts, dimension=2, recipe="v1"):
    return FeatureGroup(np.ones((len(texts), dimension), np.float32), snippets=texts, recipe=recipe)


def values(path):
    """The first feature of each id of a file."""
    with open_features(path) as features:
        return {id: float(features.read(id).features[0, 0]) for id in features.ids()}


# Round trips


def test_video_features_survive(tmp_path):
    path, group = tmp_path / "timing.h5", clips(0.1)
    write_features(path, replace(header(seed=3), versions={"torch": "2"}), {"a.v2": group})
    with open_features(path) as features:
        assert features.header == replace(header(seed=3), versions={"torch": "2"})
        assert features.ids() == ["a.v2"]
        assert "a.v2" in features
        read = features.read("a.v2")
        assert features.recipe("a.v2") == "v1"
        assert features.recipe("b") == ""
        assert features.transform() == {}
    assert read.features.dtype == np.float32
    assert np.array_equal(read.features, group.features)
    assert read.intervals.tolist() == [[0.0, 1.0], [1.0, 2.0]]
    assert read.snippets is None


def test_text_features_survive(tmp_path):
    write_features(tmp_path / "bert.h5", header(Modality.TEXT), {"a": snippets("é, ü", "二")})
    with open_features(tmp_path / "bert.h5") as features:
        read = features.read("a")
    assert (read.snippets, read.intervals) == (["é, ü", "二"], None)


def test_a_transform_lies_beside_the_ids(tmp_path):
    transform = {"mean": np.array([1.5, 2.5]), "scale": np.ones(2)}
    write_features(tmp_path / "a.h5", header(), {"a": clips(1)}, transform)
    with open_features(tmp_path / "a.h5") as features:
        assert features.ids() == ["a"]
        assert features.transform()["mean"].tolist() == [1.5, 2.5]


def test_regions_are_stored_one_clip_a_chunk(tmp_path):
    extras = {"boxes": np.zeros((3, 36, 4), np.float32), "region_count": np.array([1, 0, 36])}
    write_features(tmp_path / "a.h5", header(), {"a": replace(clips(1, rows=3), extras=extras)})
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["a/boxes"].chunks == (1, 36, 4)
        assert file["a/boxes"].shape == (3, 36, 4)
        assert file["a/region_count"][:].tolist() == [1, 0, 36]


def test_the_digest_says_what_determines_the_numbers():
    assert header(seed=1).digest == replace(header(seed=1), versions={"torch": "2"}).digest
    others = [header(seed=2), header(name="b", seed=1), header(Modality.TEXT, seed=1)]
    others.append(replace(header(seed=1), projection="p"))
    assert len({other.digest for other in [header(seed=1), *others]}) == 5


def test_a_header_describes_itself_in_one_line():
    projected = replace(header(seed=1, pooling="mean"), projection="achlioptas")
    line = "timing (model, weights none, pooling=mean, seed=1), projected: achlioptas"
    assert projected.describe() == line


# Interrupted work


def test_a_builder_goes_on_after_a_kill(tmp_path):
    path = tmp_path / "features" / "timing.h5"
    killed = FeaturesBuilder(path, header())
    killed.add("a", clips(1))
    killed.add("b", clips(2))
    assert not path.exists()
    builder = FeaturesBuilder(path, header())
    assert [builder.has(id, "v1") for id in ("a", "b", "c")] == [True, True, False]
    assert not builder.has("a", "v2")
    builder.add("c", clips(3))
    builder.finish()
    assert values(path) == {"a": 1, "b": 2, "c": 3}
    assert [file.name for file in path.parent.iterdir()] == ["timing.h5"]


def test_a_kill_between_writing_and_renaming_loses_that_id_only(tmp_path):
    """What is left is a complete HDF5 file under its temporary name."""
    path = tmp_path / "timing.h5"
    killed = FeaturesBuilder(path, header())
    killed.add("a", clips(1))
    (killed.parts / "a.h5").rename(killed.parts / ".a.part.h5")
    builder = FeaturesBuilder(path, header())
    assert not builder.has("a", "v1")
    builder.add("b", clips(2))
    builder.finish()
    assert values(path) == {"b": 2}


def test_a_part_cut_short_is_thrown_away(tmp_path):
    killed = FeaturesBuilder(tmp_path / "timing.h5", header())
    killed.add("a", clips(1))
    part = killed.parts / "a.h5"
    part.write_bytes(part.read_bytes()[:500])
    builder = FeaturesBuilder(tmp_path / "timing.h5", header())
    assert not part.exists()
    assert not builder.has("a", "v1")


def test_parts_of_other_settings_are_thrown_away(tmp_path):
    path = tmp_path / "timing.h5"
    FeaturesBuilder(path, header(seed=1)).add("a", clips(1))
    builder = FeaturesBuilder(path, header(seed=2))
    assert not builder.has("a", "v1")
    builder.add("b", clips(2))
    builder.finish()
    assert values(path) == {"b": 2}


def test_later_work_joins_the_earlier_file(tmp_path):
    path = tmp_path / "timing.h5"
    write_features(path, header(), {"a": clips(1), "b": clips(2)})
    builder = FeaturesBuilder(path, header())
    assert builder.has("a", "v1")
    builder.finish()  # nothing to do
    builder.add("b", clips(5, recipe="v2"))
    builder.add("c", clips(3))
    builder.finish()
    assert values(path) == {"a": 1, "b": 5, "c": 3}
    assert FeaturesBuilder(path, header()).has("b", "v2")


def test_a_file_of_other_settings_is_replaced(tmp_path):
    path = tmp_path / "timing.h5"
    write_features(path, header(seed=1), {"a": clips(1)})
    builder = FeaturesBuilder(path, header(seed=2))
    assert not builder.has("a", "v1")
    builder.add("b", clips(2))
    builder.finish()
    assert values(path) == {"b": 2}


def test_every_id_of_a_file_comes_from_its_transform(tmp_path):
    """An id that the new transform could not be applied to does not stay with the old one."""
    path = tmp_path / "timing.rp.h5"
    old, new = ({"mean": np.full(2, mean), "scale": np.ones(2)} for mean in (0.0, 1.0))
    write_features(path, header(), {"a": clips(1), "b": clips(2)}, old)
    builder = FeaturesBuilder(path, header())
    builder.add("b", clips(3, recipe="v2"))
    builder.finish(new)
    assert values(path) == {"b": 3}


FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from mmtool.choices import Modality
from mmtool.errors import CallError
from mmtool.formats.features_builder import FeaturesBuilder
from mmtool.formats.features import FeatureGroup, FeaturesHeader

work, folder = sys.argv[1], Path(sys.argv[2])
builder = FeaturesBuilder(folder / "a.h5", FeaturesHeader(Modality.VIDEO, ()))
for id in "xyz":
    builder.add(id, FeatureGroup(np.zeros((10, 100), np.float32)))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
try:
    if work == "finish":
        builder.finish()
    else:
        builder.add("big", FeatureGroup(np.zeros((100, 100), np.float32)))
except CallError as error:
    print(error)
"""


@pytest.mark.skipif(find_spec("resource") is None, reason="this system cannot limit the size of files")
@pytest.mark.parametrize(("work", "file"), [("finish", "a.h5"), ("add", ".a.parts/big.h5")])
def test_a_full_disk_is_said_and_leaves_finished_ids(tmp_path, work, file):
    """In a process of its own, whose files may not grow beyond 10 kB."""
    command = [sys.executable, "-c", FULL_DISK, work, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(f"{tmp_path / file}: could not be written")
    assert sorted(path.name for path in tmp_path.rglob("*.h5")) == ["x.h5", "y.h5", "z.h5"]


# Refusals


def other_hdf5(path):
    with h5py.File(path, "w") as file:
        file["features"] = np.zeros(3)


def damaged(path):
    """The index of the ids is damaged, the header is not."""
    write_features(path, header(), {"a": clips(1)})
    path.write_bytes(path.read_bytes().replace(b"TREE", b"FREE"))


def other_version(path):
    write_features(path, header(), {"a": clips(1)})
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 99


def cut_short(path):
    write_features(path, header(), {"a": clips(1)})
    path.write_bytes(path.read_bytes()[:-100])


def no_sources(path):
    write_features(path, header(), {})
    with h5py.File(path, "a") as file:
        file.attrs["sources"] = "no JSON"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: None, "no such features"),
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_text("I am a text file named .h5\n"), "damaged"),
        (cut_short, "damaged"),
        (damaged, "damaged"),
        (no_sources, "damaged"),
        (other_hdf5, "not one of mmtool's features"),
        (other_version, "version 99"),
    ],
    ids=["missing", "empty", "text", "cut short", "damaged", "no sources", "foreign", "version"],
)
def test_what_is_no_file_of_features_is_named(tmp_path, make, said):
    path = tmp_path / "bert.h5"
    make(path)
    with pytest.raises(InputError, match=rf"bert\.h5: .*{said}"), open_features(path) as features:
        features.ids()


def test_a_missing_id_is_named(tmp_path):
    write_features(tmp_path / "a.h5", header(), {"a": clips(1)})
    with open_features(tmp_path / "a.h5") as features, pytest.raises(InputError, match=r"a\.h5: .*'b'"):
        features.read("b")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(tmp_path, value):
    write_features(tmp_path / "a.h5", header(), {"a": clips(value), "b": clips(1)})
    with open_features(tmp_path / "a.h5") as features:
        with pytest.raises(InputError, match=r"a\.h5: .*'a' are not finite"):
            features.read("a")
        assert features.read("b").features.shape == (2, 2)


# Joined features


@pytest.fixture
def corpus(tmp_path):
    """Two encoders of snippets, 2 and 3 numbers a row, and one of clips."""
    corpus = Corpus(tmp_path)
    texts = ("one", "two", "three")
    write_features(
        corpus.features("bert"),
        header(Modality.TEXT, "bert"),
        {"a": snippets(*texts), "b": snippets("x", "y")},
    )
    write_features(
        corpus.features("length"),
        header(Modality.TEXT, "length"),
        {"a": snippets(*texts, dimension=3), "b": snippets("x", "z"), "c": snippets("only here")},
    )
    write_features(corpus.features("timing"), header(), {"a": clips(1), "b": clips(2, rows=3)})
    return corpus


def test_joined_features_are_one_array_an_encoder(corpus):
    with open_joined(corpus, "bert+length", Modality.TEXT) as features:
        assert features.ids() == ["a", "b"]
        assert [part.shape for part in features.parts("a")] == [(3, 2), (3, 3)]
        assert [source.name for source in features.header.sources] == ["bert", "length"]
        assert features.header.name == "bert+length"
        made = features.recipe("a")
    write_features(corpus.features("length"), header(Modality.TEXT), {"a": snippets("one", recipe="v2")})
    with open_joined(corpus, "bert+length", Modality.TEXT) as features:
        assert features.recipe("a") != made


def test_joined_features_of_other_rows_are_refused(corpus):
    complaint = pytest.raises(InputError, match=r"length\.h5: the snippets of 'b' .*bert\.h5")
    with open_joined(corpus, "bert+length", Modality.TEXT) as features, complaint:
        features.parts("b")


def test_joined_clips_of_other_times_are_refused(corpus):
    write_features(corpus.features("other"), header(name="other"), {"a": clips(1, rows=3)})
    complaint = pytest.raises(InputError, match=r"other\.h5: the clips of 'a'")
    with open_joined(corpus, "timing+other", Modality.VIDEO) as features, complaint:
        features.parts("a")


@pytest.mark.parametrize("name", ["timing", "bert+timing"])
def test_features_of_the_other_modality_are_refused(corpus, name):
    complaint = pytest.raises(InputError, match=r"timing\.h5: holds video features, not text")
    with complaint, open_joined(corpus, name, Modality.TEXT):
        pass


def test_features_of_earlier_clips_or_snippets_are_refused(corpus):
    times = [Clip(0.0, 1.0), Clip(1.0, 2.0)]
    with open_joined(corpus, "timing", Modality.VIDEO) as features:
        features.check_clips("a", times)
        for changed in (times[:1], [times[0], Clip(1.0, 2.25)]):
            with pytest.raises(InputError, match=r"timing\.h5: the features of 'a'"):
                features.check_clips("a", changed)
    with open_joined(corpus, "bert", Modality.TEXT) as features:
        features.check_snippets("b", [Snippet("x", 1.0, 2.0), Snippet("y")])
        for changed in ([Snippet("x")], [Snippet("x"), Snippet("z")]):
            with pytest.raises(InputError, match=r"bert\.h5: the features of 'b'"):
                features.check_snippets("b", changed)


def test_the_only_features_need_no_name(corpus):
    write_features(corpus.features("timing.rp"), replace(header(), projection="p"), {"a": clips(1)})
    assert only_features(corpus, Modality.VIDEO) == "timing"
    with pytest.raises(InputError, match="several text features: bert, length; name one with `text`"):
        only_features(corpus, Modality.TEXT)


def test_no_features_at_all_are_said(tmp_path):
    with pytest.raises(InputError, match="no video features; run `mmtool extract --video-encoder"):
        only_features(Corpus(tmp_path), Modality.VIDEO)


# Stored projections


def test_the_stored_projection_is_the_stored_transform_of_the_raw_features(tmp_path):
    corpus, rng = Corpus(tmp_path), np.random.default_rng(0)

    def random(group):
        return replace(group, features=rng.standard_normal(group.features.shape).astype(np.float32))

    ids = ("a", "b")
    write_features(corpus.features("timing"), header(), {id: random(clips(0, rows=9)) for id in ids})
    write_features(
        corpus.features("bert"), header(Modality.TEXT), {id: random(snippets(*"xyz")) for id in ids}
    )
    for id in ids:
        corpus.clips(id).parent.mkdir(exist_ok=True)
        corpus.clips(id).touch()
    write_split(corpus.split(Split.TRAIN), ["a"])
    project(tmp_path, ProjectSettings(dimension=5, seed=1))
    for name in ("timing", "bert"):
        with open_features(corpus.features(name)) as raw, open_features(corpus.features(f"{name}.rp")) as rp:
            transform = FeatureTransform.from_arrays(rp.transform())
            assert (transform.dimension, transform.output_dimension) == (2, 5)
            assert rp.header.projection == "achlioptas, dimension 5, seed 1"
            for id in ids:
                assert np.array_equal(rp.read(id).features, transform.apply(raw.read(id).features))
            assert rp.read("a").features.mean(axis=0) == pytest.approx(np.zeros(5), abs=1e-6)


@pytest.mark.parametrize("name", ["bert.rp", "length+bert.rp"])
def test_a_projection_is_not_projected_again(corpus, name):
    projected = replace(header(Modality.TEXT, "bert"), projection="p")
    write_features(corpus.features("bert.rp"), projected, {"a": snippets("one", "two", "three")})
    corpus.clips("a").parent.mkdir()
    corpus.clips("a").touch()
    write_split(corpus.split(Split.TRAIN), ["a"])
    with pytest.raises(CallError, match=r"\.h5: .*already projected"):
        project(corpus.root, ProjectSettings(video="timing", text=name))
