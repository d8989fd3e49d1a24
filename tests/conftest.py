"""The same conditions on every machine: one torch thread, the same hypothesis examples each time.

And a detector for all that looks at films.
"""

import pytest
from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True)
def one_thread():
    """Sums in the same order each time, and no waiting for cores; some commands set another number."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def chained(tmp_path_factory):
    """The corpus of ``make_corpus`` with features and a trained network, ``r``; to be read or copied only."""
    from support.commands import chain
    from support.corpora import make_corpus

    corpus = make_corpus(tmp_path_factory.mktemp("chained") / "corpus")
    chain(corpus.root)
    return corpus


@pytest.fixture(scope="session")
def detector(tmp_path_factory):
    """Options of ``extract``: a Visual Genome detector so small that many calls of it are quick."""
    from support.literal_visual_genome import folder_of, small_checkpoint

    folder = folder_of(small_checkpoint(), tmp_path_factory.mktemp("detector"))
    options = ["--video-encoder", "faster-rcnn-vg", "--video-weights", folder]
    return [*options, "--image-size", "64", "--proposals", "40"]
