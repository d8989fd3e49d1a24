"""Commands that are killed between two files: called again, they leave what an undisturbed call leaves.

`tests/benchmarks/kills.py` kills these and more at random moments, as often as is wanted.
"""

import pytest

from support.kills import JOBS, Killing, differences
from support.zygote import Zygote

LONG = {"segment-3000", *(f"export-{form}" for form in ("csv", "jsonl", "edl", "fcpxml", "webdataset"))}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("kills")


@pytest.fixture(scope="module")
def zygote(place):
    zygote = Zygote(place)
    yield zygote
    zygote.close()


def moments(last: int) -> list[int]:
    """Before and after the first file gets its name, after one in the middle, and before the last."""
    return sorted({-1, 1, (last + 1) // 2, -last})


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(JOBS.keys() - LONG))
def test_killed_between_files_it_can_go_on(place, zygote, name, request):
    killing = Killing(name, place, zygote)
    reference = killing.reference()
    assert reference.renames, "it writes no file that appears whole"
    for moment in moments(reference.renames):
        fate = killing.kill_at_rename(reference, moment)
        assert fate.running
        assert fate.problems == [], f"killed at file {moment} of {reference.renames}"


def test_differences_are_told_by_file():
    assert differences({"a": 1, "b": 2}, {"b": 3, "c": 4}) == ["different: b", "left over: c", "missing: a"]
