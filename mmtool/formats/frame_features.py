"""Features of frames in a features file: a compressed array ``frame_features`` (N, K, D), one chunk a clip.

There are N clips and K frames (or sequences) per clip; the mean of these rows is the clip's feature.
"""

import numpy as np
from numpy.typing import NDArray

from mmtool.errors import InputError
from mmtool.formats.features import FeaturesFile

FRAME_FEATURES = "frame_features"
KEEP = "run `mmtool extract --keep-frames` with the options that the file was made with"


def read_frame_features(file: FeaturesFile, id: str, clip: int) -> NDArray[np.float32]:
    """The features (K, D) of the frames of a clip; only the chunks of this clip are read.

    Raises:
        InputError: The file stores no frames of ``id``, or features that are not finite numbers.
        IndexError: There is no such clip.
    """
    found = file.read_row(id, (FRAME_FEATURES,), clip).get(FRAME_FEATURES)
    if found is None:
        raise InputError(file.path, f"stores no frames of {id!r}", KEEP)
    if found.ndim != 2:
        raise InputError(file.path, f"stores frames of {id!r} in another form than (N, K, D)", KEEP)
    if not np.isfinite(found).all():
        problem = f"stores features of frames of {id!r} that are not finite"
        raise InputError(file.path, problem, "run `mmtool extract --keep-frames --force`")
    return np.asarray(found, np.float32)


def frames_of_clips(file: FeaturesFile, id: str) -> tuple[int, int]:
    """The numbers N of clips and K of frames of each; raises InputError where none are stored."""
    shape = file.array_shape(id, FRAME_FEATURES)
    if shape is None or len(shape) != 3:
        raise InputError(file.path, f"stores no frames of {id!r}", KEEP)
    return shape[:2]
