"""Corpora whose clips have several video features, written without any encoder."""

from collections.abc import Collection

import numpy as np

from mmtool.choices import Modality
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import FeatureGroup, FeaturesHeader, write_features
from mmtool.formats.snippets import read_snippets
from mmtool.records import EncoderIdentity


def write_clip_features(corpus: Corpus, name: str, width: int, *, without: Collection[str] = ()) -> None:
    """Random features (N, width) of all films but those ``without`` them."""
    groups = {}
    for number, id in enumerate(corpus.ids_in("clips", ".csv")):
        times = np.array([clip.interval for clip in read_clips(corpus.clips(id))])
        rows = np.random.default_rng([number, width]).standard_normal((len(times), width))
        if id not in without:
            groups[id] = FeatureGroup(rows.astype(np.float32), intervals=times, recipe=f"{name} {id}")
    identity = EncoderIdentity(name, "random", "none", width, {})
    write_features(corpus.features(name), FeaturesHeader(Modality.VIDEO, (identity,)), groups)


def write_snippet_features(corpus: Corpus, name: str, width: int) -> None:
    """Random features (M, width) of all texts."""
    groups = {}
    for number, id in enumerate(corpus.ids_in("snippets", ".csv")):
        texts = [snippet.text for snippet in read_snippets(corpus.snippets(id))]
        rows = np.random.default_rng([number, width]).standard_normal((len(texts), width))
        groups[id] = FeatureGroup(rows.astype(np.float32), snippets=texts, recipe=f"{name} {id}")
    identity = EncoderIdentity(name, "random", "none", width, {})
    write_features(corpus.features(name), FeaturesHeader(Modality.TEXT, (identity,)), groups)
