"""The same conditions on every machine: one torch thread, the same hypothesis examples each time."""

import pytest
from hypothesis import settings

settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Sums in the same order each time, and no waiting for cores that others use."""
    import torch

    torch.set_num_threads(1)
