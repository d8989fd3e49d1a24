"""The examples run as they stand, as far as they can without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmtool

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(*command: object) -> str:
    scripts = Path(sys.executable).parent  # where `mmtool` and `python` of this environment are
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_train_and_measure_then_align_one_film(tmp_path):
    corpus = tmp_path / "corpus"
    table = run(sys.executable, EXAMPLES / "train_and_measure.py", corpus, "--movies", 3, "--epochs", 1)
    assert "upper bound                100.0% 100.0%" in table

    film, text = (corpus / part for part in ("videos/movie-004.mp4", "texts/movie-004.txt"))
    lines = run(
        sys.executable, EXAMPLES / "align_one_film.py", film, text, corpus / "runs" / "timing", "--timing"
    ).splitlines()
    assert [line.split("%  ")[1] for line in lines] == text.read_text().splitlines()

    lines = run(sys.executable, EXAMPLES / "align_one_film.py", film, text).splitlines()
    found = mmtool.align_film(film, text)
    assert [line.split("%  ")[1] for line in lines if "%" in line] == [m.text for m in found.matches]
    assert [line.split("unmatched")[1].strip() for line in lines if "%" not in line] == [
        snippet.text for snippet in found.unplaced
    ]
    assert len(lines) == len(text.read_text().splitlines())


@pytest.mark.slow
def test_yms_recipe_on_a_small_folder_of_the_same_layout(tmp_path):
    source = tmp_path / "released"
    source.mkdir()
    ids = [f"{number:04d}" for number in range(6)]
    clips, phrases = [], []
    for id in ids:
        for k in range(6):
            clips.append(f"{id}/{id}_00.00.{2 * k:02d}.000-00.00.{2 * k + 2:02d}.000\n")
        phrases.append(f"{id}_00.00.02.000-00.00.06.000\tSomebody does something,\n")
        phrases.append(f"{id}_00.00.06.000-00.00.08.000\tUNMATCHED: which is not shown,\n")
        phrases.append(f"{id}_00.00.08.000-00.00.10.000\tand then it ends.\n")
    files = {
        "clip_segmentation.txt": "".join(clips),
        "annotations_phrases.txt": "".join(phrases),
        "movie_list.txt": "".join(f"{id}\tFilm {id}\n" for id in ids),
        "url_list.txt": "".join(f"{id}    somewhere/{id}\n" for id in ids),
        "training_split.txt": "".join(f"{id}\n" for id in ids[:3]),
        "val_split.txt": f"{ids[3]}\n# {ids[0]} is the same film\n",
        "test_split.txt": "".join(f"{id}\n" for id in ids[4:]),
    }
    for name, content in files.items():
        (source / name).write_text(content)
    table = run("bash", EXAMPLES / "yms.sh", source, tmp_path / "corpus", 1)
    assert "2 videos of the test split" in table
    assert "proportional to length" in table
