"""Arrays of other programs become features: every layout, checked against clips and snippets."""

import json
import pickle

import h5py
import numpy as np
import pytest
import torch

import mmtool
from mmtool.choices import Modality
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from support.commands import call, complaint
from support.corpora import TEXTS, make_corpus

RNG = np.random.default_rng(0)
CLIPS = {f"v{number}": RNG.normal(size=(6, 5)).astype(np.float32) for number in range(2)}
SNIPPETS = {id: RNG.normal(size=(4, 3)).astype(np.float32) for id in CLIPS}
VIDEO, TEXT = ["--modality", "video"], ["--modality", "text"]


@pytest.fixture
def corpus(tmp_path) -> Corpus:
    return make_corpus(tmp_path / "corpus", train=1, val=0, test=1)


def read(corpus: Corpus, name: str = "f") -> dict[str, np.ndarray]:
    with open_features(corpus.features(name)) as features:
        return {id: features.read(id).features for id in features.ids()}


def assert_imported(corpus: Corpus, wanted=CLIPS) -> None:
    found = read(corpus)
    assert found.keys() == wanted.keys()
    for id, rows in wanted.items():
        np.testing.assert_array_equal(found[id], rows)


def npy_a_film(folder):
    for id, rows in CLIPS.items():
        np.save(folder / f"{id}.npy", rows)
    return [folder / f"{id}.npy" for id in CLIPS]


def npy_with_single_axes(folder):
    np.save(folder / "v0.npy", CLIPS["v0"][:, :, None, None])
    np.save(folder / "v1.npy", CLIPS["v1"][None])
    return [folder]


def npz_of_all(folder):
    np.savez_compressed(folder / "all.npz", **CLIPS)
    return [folder / "all.npz"]


def npz_a_film(folder):
    for id, rows in CLIPS.items():
        np.savez(folder / f"{id}.npz", features=rows, logits=np.ones((6, 9)))
    return [folder]


def authors_dictionary(folder):
    np.save(folder / "yms_video.npy", np.array(CLIPS, dtype=object), allow_pickle=True)
    return [folder / "yms_video.npy"]


def dictionary_of_lists(folder):
    rows = {f"{id}.mp4": list(array) for id, array in CLIPS.items()}
    np.save(folder / "d.npy", np.array(rows, dtype=object), allow_pickle=True)
    return [folder / "d.npy"]


def plain_pickle(folder):
    (folder / "d.pkl").write_bytes(pickle.dumps(CLIPS))
    return [folder / "d.pkl"]


def h5_a_dataset_each(folder):
    with h5py.File(folder / "all.h5", "w") as file:
        for id, rows in CLIPS.items():
            file[id] = rows
    return [folder / "all.h5"]


def h5_a_group_each(folder):
    with h5py.File(folder / "all.hdf5", "w") as file:
        for id, rows in CLIPS.items():
            file[f"clip/{id}/features"] = rows
            file[f"clip/{id}/shape"] = [1, 2, 3]
            file[f"clip/{id}/name"] = id
    return [folder / "all.hdf5"]


def h5_one_array(folder):
    with h5py.File(folder / "all.h5", "w") as file:
        file["embeddings"] = np.concatenate(list(CLIPS.values()))
        file["video_id"] = [id for id in CLIPS for _ in range(6)]
    return [folder / "all.h5"]


def h5_a_film(folder):
    for id, rows in CLIPS.items():
        with h5py.File(folder / f"{id}.h5", "w") as file:
            file["anything"] = rows.astype(np.float64)
    return [folder]


def tensors(folder):
    torch.save({id: torch.from_numpy(rows) for id, rows in CLIPS.items()}, folder / "all.pt")
    return [folder / "all.pt"]


def tensor_a_film(folder):
    for id, rows in CLIPS.items():
        torch.save(torch.from_numpy(rows), folder / f"{id}.pt")
    return [folder]


def table_of_all(folder):
    lines = ["id,clip,title,a,b,c,d,e"]
    for id, rows in CLIPS.items():
        lines += [f"{id},{n},some title,{','.join(map(repr, row.tolist()))}" for n, row in enumerate(rows)][
            ::-1
        ]
    (folder / "all.csv").write_text("\n".join(lines), encoding="utf-8")
    return [folder / "all.csv"]


def table_a_film(folder):
    for id, rows in CLIPS.items():
        lines = ["\t".join(map(repr, row.tolist())) for row in rows]
        (folder / f"{id}.tsv").write_text("\n".join(lines), encoding="utf-8")
    return [folder]


LAYOUTS = [
    *(npy_a_film, npy_with_single_axes, npz_of_all, npz_a_film, authors_dictionary, dictionary_of_lists),
    *(plain_pickle, h5_a_dataset_each, h5_a_group_each, h5_one_array, h5_a_film, tensors, tensor_a_film),
    *(table_of_all, table_a_film),
]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout(corpus, tmp_path, layout):
    folder = tmp_path / "arrays"
    folder.mkdir()
    call("import", "features", *layout(folder), corpus.root, "--name", "f", *VIDEO)
    assert_imported(corpus)
    with open_features(corpus.features("f")) as features:
        assert features.header.modality is Modality.VIDEO
        assert features.read("v0").intervals[0].tolist() == [0.0, 2.0]


def test_texts_and_then_a_whole_chain(corpus, tmp_path):
    np.save(tmp_path / "yms_bert.npy", np.array(SNIPPETS, dtype=object), allow_pickle=True)
    np.save(tmp_path / "yms_video.npy", np.array(CLIPS, dtype=object), allow_pickle=True)
    call("import", "features", tmp_path / "yms_bert.npy", corpus.root, "--name", "t", *TEXT)
    call("import", "features", tmp_path / "yms_video.npy", corpus.root, "--name", "f", *VIDEO)
    found = read(corpus, "t")
    np.testing.assert_array_equal(found["v1"], SNIPPETS["v1"])
    call("project", corpus.root, "--video", "f", "--text", "t", "--dim", 2)
    assert read(corpus, "f.rp")["v0"].shape == (6, 2)
    assert json.loads(call("info", corpus.features("t"), "--json").stdout)["rows"] == 8


def test_one_model_can_be_compared(corpus, tmp_path):
    np.savez(tmp_path / "v.npz", **{id: rows[:, :3] for id, rows in CLIPS.items()})
    np.savez(tmp_path / "t.npz", **SNIPPETS)
    for name, modality in (("v", VIDEO), ("t", TEXT)):
        file = tmp_path / f"{name}.npz"
        call("import", "features", file, corpus.root, "--name", name, *modality, "--model", "clip-b32")
    call("align", corpus.root, "--video", "v", "--text", "t", "--decoder", "dtw")


def test_rate_times_and_spans_are_averaged(corpus, tmp_path):
    # clips of v0: 0–2, 2–3, 3–6, 6–7, 7–9, 9–11 s
    wanted = np.array([[0.5], [2.0], [4.0], [6.0], [7.5], [9.5]], np.float32)
    rows = np.arange(11, dtype=np.float32)[:, None]
    np.save(tmp_path / "v0.npy", rows)
    call("import", "features", tmp_path / "v0.npy", corpus.root, "--name", "f", *VIDEO, "--fps", 1)
    np.testing.assert_array_equal(read(corpus)["v0"], wanted)
    np.savez(tmp_path / "v0.npz", x=rows, timestamps=np.arange(11.0))
    call("import", "features", tmp_path / "v0.npz", corpus.root, "--name", "times", *VIDEO)
    np.testing.assert_array_equal(read(corpus, "times")["v0"], wanted)
    lines = ["start;end;x", *(f"{second};{second + 1};{second}" for second in range(11))]
    (tmp_path / "v0.csv").write_text("\n".join(lines), encoding="utf-8")
    call("import", "features", tmp_path / "v0.csv", corpus.root, "--name", "spans", *VIDEO)
    np.testing.assert_array_equal(read(corpus, "spans")["v0"], wanted)


def test_again_and_more_films(corpus, tmp_path):
    files = npy_a_film(tmp_path)
    first = mmtool.import_features(corpus.root, files=files[:1], name="f", modality="video")
    assert first.done == ["v0"]
    assert "'v1'" in first.notes[0]
    second = mmtool.import_features(corpus.root, files=files, name="f", modality="video")
    assert (second.done, second.unchanged, second.notes) == (["v1"], ["v0"], [])
    assert_imported(corpus)
    np.save(files[0], CLIPS["v0"] + 1)
    assert mmtool.import_features(corpus.root, files=files, name="f", modality="video").done == ["v0"]


def test_lengths_that_do_not_fit(corpus, tmp_path):
    np.savez(tmp_path / "all.npz", v0=CLIPS["v0"], v1=CLIPS["v1"][:5])
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, code=1)
    line = complaint(result, "all.npz")
    assert "'v1' has 5 rows, but clips/v1.csv has 6 clips" in line
    assert "--fps" in line
    assert read(corpus).keys() == {"v0"}
    np.savez(tmp_path / "all.npz", v0=SNIPPETS["v0"][:1], v1=SNIPPETS["v1"])
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "t", *TEXT, code=1)
    assert "'v0' has 1 row, but snippets/v0.csv has 4 snippets" in complaint(result, "all.npz")


@pytest.mark.parametrize(("count", "fps"), [(11, 2), (11, 0.4), (6, 1), (40, 1)])
def test_a_rate_that_does_not_fit(corpus, tmp_path, count, fps):
    np.save(tmp_path / "v0.npy", np.ones((count, 2)))
    result = call(
        "import", "features", tmp_path / "v0.npy", corpus.root, "--name", "f", *VIDEO, "--fps", fps, code=2
    )
    assert "clips/v0.csv ends at 11.0 s; check --fps" in complaint(result, "v0.npy")


def test_ids_without_a_partner(corpus, tmp_path):
    np.savez(tmp_path / "all.npz", **CLIPS, x1=CLIPS["v0"], x2=CLIPS["v0"])
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, code=1)
    assert "no clips here belong to 'x1', 'x2'" in complaint(result, "all.npz")
    assert_imported(corpus)
    np.save(tmp_path / "stranger.npy", CLIPS["v0"])
    result = call("import", "features", tmp_path / "stranger.npy", corpus.root, "--name", "g", *VIDEO, code=2)
    assert "'stranger'" in complaint(result, "stranger.npy")
    assert not corpus.features("g").exists()


class Unknown:
    """An object of somebody's own."""


def test_objects_are_named_and_not_executed(corpus, tmp_path):
    np.save(tmp_path / "v0.npy", np.array([Unknown()], dtype=object), allow_pickle=True)
    result = call("import", "features", tmp_path / "v0.npy", corpus.root, "--name", "f", *VIDEO, code=2)
    assert "lest it be executed" in complaint(result, "v0.npy")
    np.savez(tmp_path / "all.npz", v0=np.array([Unknown()], dtype=object), v1=CLIPS["v1"])
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, code=1)
    assert "lest it be executed" in complaint(result, "'v0'")
    ragged = np.array([np.ones(2), np.ones(3)], dtype=object)
    np.savez(tmp_path / "all.npz", v0=ragged, v1=CLIPS["v1"])
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, code=1)
    assert "rows of different shapes: (2,) and (3,)" in complaint(result, "'v0'")
    torch.save({"v0": Unknown()}, tmp_path / "all.pt")
    result = call("import", "features", tmp_path / "all.pt", corpus.root, "--name", "f", *VIDEO, code=2)
    assert "something else than tensors" in complaint(result, "all.pt")


BAD = {
    "not finite": ({"v0": np.full((6, 2), np.nan)}, "not finite in row 0"),
    "too many axes": ({"v0": np.ones((6, 2, 3))}, "has the shape (6, 2, 3), not (rows, dimensions)"),
    "texts": ({"v0": np.array(["a"] * 6)}, "not an array of numbers"),
    "several": ({"v0/a": np.ones((6, 2)), "v0/b": np.ones((6, 2))}, "several arrays (a, b); name one with"),
    "far times": ({"v0/x": np.ones((3, 2)), "v0/t": np.arange(3.0)}, "no row near the clip of 3.00–6.00 s"),
    "order": ({"v0/x": np.ones((6, 2)), "v0/clip": np.array([0, 1, 2, 3, 4, 9])}, "numbers are not 0, 1, 2"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_in_a_line(corpus, tmp_path, case):
    arrays, problem = BAD[case]
    np.savez(tmp_path / "all.npz", **arrays)
    result = call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, code=2)
    assert problem in complaint(result, "'v0'")


def test_key_chooses(corpus, tmp_path):
    np.savez(tmp_path / "all.npz", **{f"a/{id}": rows for id, rows in CLIPS.items()}, **{"b/v0": CLIPS["v0"]})
    call("import", "features", tmp_path / "all.npz", corpus.root, "--name", "f", *VIDEO, "--key", "a")
    assert_imported(corpus)


def test_dimensions_and_duplicates(corpus, tmp_path):
    np.savez(tmp_path / "a.npz", v0=CLIPS["v0"], v1=CLIPS["v1"][:, :2])
    result = call("import", "features", tmp_path / "a.npz", corpus.root, "--name", "f", *VIDEO, code=1)
    assert "'v1' has 2 dimensions, but other features have 5" in complaint(result, "a.npz")
    np.savez(tmp_path / "b.npz", v0=CLIPS["v0"])
    files = [tmp_path / "a.npz", tmp_path / "b.npz"]
    result = call("import", "features", *files, corpus.root, "--name", "g", *VIDEO, code=1)
    assert "has features of 'v0'" in result.stderr
    np.savez(tmp_path / "c.npz", v1=CLIPS["v1"][:, :2])
    line = complaint(
        call("import", "features", tmp_path / "c.npz", corpus.root, "--name", "f", *VIDEO, code=2), "f.h5"
    )
    assert "--force" in line
    call("import", "features", tmp_path / "c.npz", corpus.root, "--name", "f", *VIDEO, "--force")
    assert read(corpus).keys() == {"v1"}


def test_texts_are_compared(corpus, tmp_path):
    with h5py.File(tmp_path / "all.h5", "w") as file:
        for id in CLIPS:
            file[f"{id}/features"], file[f"{id}/snippets"] = SNIPPETS[id], list(TEXTS)
        file["v1/snippets"][2] = "another text"
    result = call("import", "features", tmp_path / "all.h5", corpus.root, "--name", "t", *TEXT, code=1)
    assert "'v1' has 'another text' in row 2" in complaint(result, "all.h5")


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"\x93NUMPY\x01\x00v\x00{'descr'", b"PK\x03\x04junk", b"\x80\x04}"]
)
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".h5", ".pt", ".csv", ".pkl", ".safetensors"])
def test_damaged_files_get_a_line(corpus, tmp_path, content, suffix):
    file = tmp_path / f"v0{suffix}"
    file.write_bytes(content)
    result = call("import", "features", file, corpus.root, "--name", "f", *VIDEO, code=2)
    complaint(result, file.name)


def test_impossible_calls(corpus, tmp_path):
    np.save(tmp_path / "v0.npy", CLIPS["v0"])
    start = ["import", "features", tmp_path / "v0.npy", corpus.root]
    assert "--name must be a file name" in call(*start, "--name", "a/b", *VIDEO, code=2).stderr
    assert "--fps has no effect" in call(*start, "--name", "f", *TEXT, "--fps", 2, code=2).stderr
    assert (
        "no such file"
        in call("import", "features", "x.npy", corpus.root, "--name", "f", *VIDEO, code=2).stderr
    )
    (tmp_path / "a.doc").touch()
    line = call("import", "features", tmp_path / "a.doc", corpus.root, "--name", "f", *VIDEO, code=2).stderr
    assert "not a file of arrays" in line


def test_readers_of_features_say_how_to_import(corpus, tmp_path):
    corpus.features("f").parent.mkdir()
    np.save(corpus.features("f").with_suffix(".npy"), CLIPS["v0"])
    project = ["project", corpus.root, "--video", "f"]
    assert "import it with `mmtool import features`" in call(*project, code=2).stderr
    corpus.features("f").with_suffix(".npy").rename(corpus.features("f"))
    assert "is a NumPy file, not one" in call(*project, code=2).stderr
    with h5py.File(corpus.features("f"), "w") as file:
        file["v0"] = CLIPS["v0"]
    assert "import it with `mmtool import features`" in call("info", corpus.features("f"), code=2).stderr
    np.save(tmp_path / "x_video.npy", CLIPS["v0"])
    assert "mmtool import features" in call("info", tmp_path / "x_video.npy", code=2).stderr
