"""GPUs without enough memory: one line with the remedy, or a smaller batch."""

import pytest
import torch

from mmtool.alignment.network.greedy import decode_greedily
from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.encoders.counting.length import LengthEncoder
from mmtool.formats.alignments import read_alignment
from mmtool.formats.checkpoints import read_checkpoint
from mmtool.memory import lacks_memory
from support.commands import EXTRACT, TRAIN, call, complaint
from support.corpora import copy_of

TRIED = "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has 139 GiB\nof which 1 is free"


@pytest.fixture(scope="module")
def corpus(chained, tmp_path_factory):
    return copy_of(chained, tmp_path_factory.mktemp("memory") / "corpus")


def fails(*_, **__):
    raise torch.OutOfMemoryError(TRIED)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError(TRIED), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"), True),  # Windows
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_means_a_lack_of_memory(error, expected):
    assert lacks_memory(error) is expected


def test_training_ends_with_the_remedy_and_keeps_its_checkpoint(corpus, monkeypatch):
    before = read_checkpoint(corpus.run("r") / "last.pt").epoch
    monkeypatch.setattr(AlignmentNetwork, "forward", fails)
    result = call("train", corpus.root, *TRAIN, "--epochs", before + 1, code=2)
    assert complaint(result, "memory") == (
        "error there is not enough memory on the GPU; use a smaller --batch-size or --max-actions; the last "
        "checkpoint is intact"
    )
    monkeypatch.undo()
    call("train", corpus.root, *TRAIN, "--epochs", before + 1)
    assert read_checkpoint(corpus.run("r") / "last.pt").epoch == before + 1


def test_aligning_tries_one_video_at_a_time(corpus, monkeypatch):
    call("align", corpus.root, "--run", "r")
    folder = corpus.root / "alignments" / "r"
    expected = {path.name: read_alignment(path)[0].matches for path in sorted(folder.glob("*.json"))}
    sizes = []

    def decode(network, clips, *others, **options):
        sizes.append(len(clips.lengths))
        return decode_greedily(network, clips, *others, **options) if len(clips.lengths) == 1 else fails()

    monkeypatch.setattr("mmtool.stages.align.by_network.decode_greedily", decode)
    call("align", corpus.root, "--run", "r", "--force")
    assert sizes == [6, 1, 1, 1, 1, 1, 1]
    assert {path.name: read_alignment(path)[0].matches for path in sorted(folder.glob("*.json"))} == expected


def test_aligning_says_what_helps_where_even_one_video_is_too_long(corpus, monkeypatch):
    monkeypatch.setattr("mmtool.stages.align.by_network.decode_greedily", fails)
    result = call("align", corpus.root, "--run", "r", "--force", code=2)
    assert complaint(
        result, "on the GPU; use --device cpu, or align shorter films; finished alignments are kept"
    )


def test_extracting_says_what_helps(corpus, monkeypatch):
    monkeypatch.setattr(LengthEncoder, "encode", fails)
    result = call("extract", corpus.root, *EXTRACT, "--force", code=2)
    assert complaint(result, "on the GPU; use a smaller --batch-size, fewer --workers or --device cpu")
    monkeypatch.undo()
    call("extract", corpus.root, *EXTRACT)


def test_every_other_command_ends_in_one_line_too(corpus, monkeypatch):
    monkeypatch.setattr("mmtool.stages.info.info", fails)
    assert complaint(call("info", corpus.root, code=2), "out of memory; close other programs")
