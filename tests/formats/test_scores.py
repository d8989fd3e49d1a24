"""Files of scores, and what is stored of their weights."""

from dataclasses import replace

import h5py
import numpy as np
import pytest

from mmtool.errors import InputError
from mmtool.formats.score_weights import ScoreWeight, read_score_weights, write_score_weight
from mmtool.formats.scores import FilmScores, is_of_scores, read_scores, write_scores
from mmtool.records import EncoderIdentity
from mmtool.stages.info import info, verify


@pytest.fixture
def scores():
    return FilmScores(
        raw=np.array([[2.0, -1.0], [0.5, 3.0], [-4.0, 0.0]], np.float32),
        reranked=np.array([[True, False], [True, True], [False, False]]),
        similarity=np.array([[0.5, -0.1], [0.2, 0.7], [-0.4, 0.0]], np.float32),
        intervals=np.array([[0.0, 1.5], [1.5, 2.0], [2.0, 7.25]]),
        snippets=["one", "zwei"],
        models=(EncoderIdentity("toy", "tiny", "none", 4),),
        recipe="abc",
    )


def test_scores_come_back_and_can_be_calibrated_again(tmp_path, scores):
    path = tmp_path / "scores" / "toy" / "film.h5"
    write_scores(path, scores.calibrated(2.0, 0.5))
    found = read_scores(path)
    np.testing.assert_allclose(found.log_odds, scores.raw / 2 + 0.5)
    np.testing.assert_array_equal(found.raw, scores.raw)
    np.testing.assert_array_equal(found.reranked, scores.reranked)
    assert (found.models, found.snippets, found.recipe) == (scores.models, scores.snippets, "abc")
    np.testing.assert_allclose(found.calibrated(1.0, 0.0).log_odds, scores.raw)


@pytest.mark.parametrize("name", ["raw", "similarity"])
def test_scores_that_are_not_finite_are_refused(tmp_path, scores, name):
    broken = getattr(scores, name).copy()
    broken[1, 1] = np.inf
    write_scores(tmp_path / "a.h5", replace(scores, **{name: broken}))
    with pytest.raises(InputError, match=rf"scores that are not finite numbers \({name}\)"):
        read_scores(tmp_path / "a.h5")


def test_every_flipped_value_is_found(tmp_path, scores):
    path = tmp_path / "a.h5"
    for name in ("raw", "similarity", "intervals"):
        write_scores(path, scores)
        with h5py.File(path, "r+") as file:
            file[name][0, 0] += 1
        with pytest.raises(InputError, match="wrong checksum"):
            read_scores(path)
    for name, value in (("bias", 0.1), ("made", "other"), ("judged_on", "val")):
        write_scores(path, scores)
        with h5py.File(path, "r+") as file:
            file.attrs[name] = value
        with pytest.raises(InputError, match="wrong checksum"):
            read_scores(path)


def test_other_files_are_refused(tmp_path, scores):
    path = tmp_path / "a.h5"
    with pytest.raises(InputError, match="no such scores"):
        read_scores(path)
    path.write_bytes(b"no HDF5")
    with pytest.raises(InputError, match="damaged"):
        read_scores(path)
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert not is_of_scores(path)
    with pytest.raises(InputError, match="not one of scores"):
        read_scores(path)
    write_scores(path, scores)
    with h5py.File(path, "r+") as file:
        del file["reranked"]
        file["reranked"] = np.zeros((2, 2), bool)
    with pytest.raises(InputError, match="damaged"):
        read_scores(path)


def test_info_describes_and_verifies_scores(tmp_path, scores):
    path = tmp_path / "scores" / "toy" / "film.h5"
    write_scores(path, scores.calibrated(2.0, 0.5))
    facts = info(path).facts
    assert (facts["clips"], facts["snippets"], facts["judged pairs"]) == (3, 2, 3)
    assert facts["calibration"] == "temperature 2, bias +0.5"
    write_score_weight(path.with_name("weights.json"), "r", ScoreWeight(0.5, 3, {0.0: 0.25, 0.5: 0.5}))
    assert len(verify(tmp_path).done) == 2
    with h5py.File(path, "r+") as file:
        file["raw"][0, 0] += 1
    (failure,) = verify(tmp_path).failures
    assert "wrong checksum" in failure.reason


def test_weights_are_kept_by_what_they_were_chosen_for(tmp_path):
    path = tmp_path / "weights.json"
    assert read_score_weights(path) == {}
    one, other = ScoreWeight(0.5, 3, {0.0: 0.25, 0.5: 0.5}), ScoreWeight(0.0, 2, {})
    write_score_weight(path, "a", one)
    write_score_weight(path, "b", other)
    assert read_score_weights(path) == {"a": one, "b": other}
    path.write_text(path.read_text().replace("0.25", "NaN"))
    with pytest.raises(InputError, match="not a valid file of the weights"):
        read_score_weights(path)
