"""Stored regions of films whose clips can be told by their features: what tests of the matcher train on."""

import numpy as np

from mmtool.choices import Modality
from mmtool.formats.clips import read_clips
from mmtool.formats.features import FeatureGroup, FeaturesHeader, write_features
from mmtool.records import EncoderIdentity

DIMENSION, FRAMES, REGIONS = 8, 2, 3
DETECTOR = EncoderIdentity(name="detector", model="random", weights="none", dimension=DIMENSION, settings={})


def write_regions(corpus, name="detector", *, kept=True, ids=None):
    """Regions, and the features of frames, which are the means of theirs; without them unless ``kept``.

    Two frames of a clip, one to three regions each, whose features depend on the number of the clip."""
    groups = {}
    for number, id in enumerate(ids or corpus.clip_ids()):
        dice, clips = np.random.default_rng(number), read_clips(corpus.clips(id))
        shape = (len(clips), FRAMES, REGIONS)
        own = np.eye(len(clips), DIMENSION)[:, None, None]
        regions = (own + 0.2 * dice.standard_normal((*shape, DIMENSION))).astype(np.float32)
        corners = np.sort(dice.random((*shape, 2, 2)), axis=3).reshape(*shape, 4) * [160, 120, 160, 120]
        extras = {
            "boxes": corners.astype(np.float32),
            "scores": np.ones(shape, np.float32),
            "labels": np.ones(shape, np.int32),
            "region_features": regions,
            "region_count": dice.integers(1, REGIONS + 1, shape[:2]),
            "frame_features": regions.mean(axis=2),
        }
        groups[id] = FeatureGroup(
            regions.mean(axis=(1, 2)),
            np.array([clip.interval for clip in clips]),
            recipe=f"recipe of {id}",
            extras=extras if kept else {},
        )
    write_features(corpus.features(name), FeaturesHeader(Modality.VIDEO, (DETECTOR,)), groups)
