"""Means of rows over clips, against a literal loop over rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtool.features.clip_means import UncoveredError, mean_over_clips, rows_at_rate
from mmtool.records import Clip


def literal(features, spans, clips):
    means = []
    for clip in clips:
        middle = (clip.start + clip.end) / 2
        inside = [
            row for row, (a, b) in zip(features, spans, strict=True) if clip.start <= (a + b) / 2 < clip.end
        ]
        if not inside:
            before = [(sum(span) / 2, -i) for i, span in enumerate(spans) if sum(span) / 2 <= middle]
            chosen = max(before) if before else min((sum(span) / 2, i) for i, span in enumerate(spans))
            inside = [features[abs(chosen[1])]]
        means.append(np.mean(inside, axis=0))
    return np.array(means)


def test_rows_at_a_rate_by_hand():
    features = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]], np.float32)
    clips = [Clip(0, 1), Clip(1, 2.5), Clip(2.5, 2.7), Clip(2.7, 3)]
    found = mean_over_clips(features, rows_at_rate(6, 2.0), clips)  # rows at 0, 0.5, 1, 1.5, 2 and 2.5 s
    assert found[:, 0].tolist() == [0.5, 3.0, 5.0, 5.0]


@given(
    st.integers(1, 40),
    st.sampled_from([0.5, 1.0, 2.0, 3.0]),
    st.lists(st.integers(1, 9), min_size=1, max_size=8),
)
@settings(max_examples=100, deadline=None)
def test_as_a_literal_loop(count, fps, lengths):
    features = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    ends = np.cumsum(lengths) / 4
    clips = [Clip(float(a), float(b)) for a, b in zip([0, *ends], ends, strict=False)]
    spans = rows_at_rate(count, fps)
    try:
        found = mean_over_clips(features, spans, clips)
    except UncoveredError:
        assert ends[-1] > count / fps  # only where rows end early
        return
    np.testing.assert_allclose(found, literal(features, spans, clips), rtol=1e-6)


def test_spans_count_by_their_middle_in_any_order():
    features = np.array([[4.0], [2.0]], np.float32)
    spans = np.array([[2.0, 4.0], [0.0, 3.0]])
    assert mean_over_clips(features, spans, [Clip(0, 2), Clip(2, 4)])[:, 0].tolist() == [2.0, 4.0]


def test_a_clip_far_from_all_rows_is_named():
    with pytest.raises(UncoveredError, match=r"near the clip of 20\.00–21\.00 s"):
        mean_over_clips(np.ones((3, 1), np.float32), rows_at_rate(3, 1.0), [Clip(0, 3), Clip(20, 21)])
