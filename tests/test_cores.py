"""The number of usable cores, also on systems without processor affinity."""

import os

import pytest

from mmtool.cores import usable_cores


def test_only_the_cores_that_the_process_may_use_count(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 6}, raising=False)
    assert usable_cores() == 3


@pytest.mark.parametrize(("count", "expected"), [(7, 7), (None, 1)])
def test_all_cores_count_without_affinity(monkeypatch, count, expected):
    """As on macOS and Windows."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    assert usable_cores() == expected


def test_newer_pythons_know_the_cores_of_the_process(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 2, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 9)
    assert usable_cores() == 2
