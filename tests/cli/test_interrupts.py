"""Ctrl-C during long jobs: one line, code 130, no partial file, and the same command can continue."""

import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from support.commands import call
from support.corpora import TEXTS, make_corpus

# presses Ctrl-C while the N-th file is written: after its last byte, before it is renamed
PRESS = """
import os, signal, sys
from mmtool.__main__ import main
left, flush = int(sys.argv.pop(1)), os.fsync
def press(file):
    global left
    left -= 1
    if left == 0:
        signal.raise_signal(signal.SIGINT)
    flush(file)
os.fsync = press
main()
"""
JOBS = {  # name → which file is the N-th, and the command
    "segment": (3, "segment {} --force"),
    "extract": (2, "extract {} --video-encoder timing --text-encoder length --force"),
    "train": (5, "train {} --run r --epochs 3 --threads 1 --batch-size 2"),
    "align": (2, "align {} --force"),
    "report": (1, "report {} --run semi-markov"),
    "export --cut": (5, "export {} --run semi-markov --format clips"),
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    """Three annotated videos with films of six shots, features and alignments."""
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"), train=1, val=1, test=1)
    for folder in ("videos", "texts"):
        (corpus.root / folder).mkdir()
    for id in corpus.clip_ids():
        film = cv2.VideoWriter(
            str(corpus.root / "videos" / f"{id}.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (64, 48)
        )
        for number in range(60):
            film.write(np.full((48, 64, 3), 120 * (number // 10 % 2), np.uint8))
        film.release()
        (corpus.root / "texts" / f"{id}.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    call("extract", corpus.root, "--video-encoder", "timing", "--text-encoder", "length")
    call("project", corpus.root)
    call("align", corpus.root)
    return corpus


def check_interrupted(program, *arguments):
    """Run the program, which must report the interruption in one line."""
    command = [sys.executable, "-c", program, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 130, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.startswith("error interrupted; finished work is kept")
    assert result.stdout == ""


@pytest.mark.parametrize("job", JOBS)
def test_a_command_interrupted_while_it_writes_a_file_can_continue(ready, tmp_path, job):
    root = tmp_path / "corpus"
    shutil.copytree(ready.root, root)
    number, command = JOBS[job]
    arguments = command.format(root).split(" ")
    check_interrupted(PRESS, str(number), *arguments)
    assert not [path for path in root.rglob("*") if re.search(r"\.part(\.|$)", path.name)]
    call(*arguments)


def test_a_command_interrupted_while_modules_are_imported_exits_immediately(tmp_path):
    """Python alone would print a traceback, and torch aborts if its import is interrupted."""
    module = tmp_path / "heavy.py"
    module.write_text("import signal; signal.raise_signal(signal.SIGINT); print('imported')")
    program = "import sys; from mmtool.cli.interrupts import listen; listen(); sys.path.append(sys.argv[1])"
    check_interrupted(f"{program}; import heavy", str(tmp_path))
