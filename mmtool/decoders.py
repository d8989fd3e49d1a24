"""The table of decoders: the ways in which ``align`` matches the clips of a video with its snippets.

Another package adds a decoder through an entry point whose value is an :class:`AlignDecoder`::

    [project.entry-points."mmtool.decoders"]
    evenly = "my_package.evenly:EVENLY"

The entry point's name is what users choose (``--decoder evenly``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from mmtool.plugins import Registry
from mmtool.records import Candidates, Clip, Snippet

if TYPE_CHECKING:
    from mmtool.arrays import Floats
    from mmtool.constraints import Constraints
    from mmtool.settings.align import AlignSettings


class Needs(StrEnum):
    """What a decoder reads beside the clips and the snippets."""

    NOTHING = "nothing"
    FEATURES = "features"  # video and text features in one space, or scores
    NETWORK = "network"  # the run of a trained network


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoToAlign:
    """One video, as a decoder sees it.

    ``similarity`` (M, N) is the standardised cosine similarity, or the standardised log-odds, of M snippets
    and N clips: an average pair has 0, the standard deviation is 1. It is None unless the decoder needs
    features. ``constraints`` is what
    pins say; None where there are none, and for a decoder that does not read them.
    """

    id: str
    clips: Sequence[Clip]
    snippets: Sequence[Snippet]
    similarity: "Floats | None" = None
    constraints: "Constraints | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedVideo:
    """A decoder's answer for one video of N clips and M snippets.

    ``matches`` holds ``(clip, snippet)`` index pairs. ``clip_confidence`` (N) and ``snippet_confidence`` (M)
    are the probabilities, 0..1, that each label is correct: its partner, or that it has none.
    ``candidates`` (N) may list the likely snippets of each clip with their probabilities, likeliest first.

    Set ``is_calibrated`` only if these probabilities were compared with annotated videos and hold; otherwise
    the verdict on the alignment is unknown. ``expected_iou`` is the text IoU to expect then, 0..1, if the
    decoder knows it.
    """

    matches: Sequence[tuple[int, int]]
    clip_confidence: "Sequence[float] | Floats"
    snippet_confidence: "Sequence[float] | Floats"
    candidates: Sequence[Candidates] = ()
    is_calibrated: bool = False
    expected_iou: float | None = None


Decode = Callable[[VideoToAlign, "AlignSettings"], DecodedVideo]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignDecoder:
    """A way in which ``align`` matches clips with snippets.

    Attributes:
        needs: What the decoder reads beside clips and snippets.
        reads: The fields of :class:`AlignSettings` that have an effect with this decoder, beside those
            that every decoder has and those that follow from ``needs``. Others are refused.
        decode: Aligns one video, or the place (``"module:function"``) of a function that does. It may
            raise ValueError for a video that it cannot align.
        reads_pins: Whether ``decode`` keeps the constraints of the video itself. Any other decoder is called
            once for each stretch between pins.
        version: Change it to have existing alignments made again.
        engine: The place of a function that aligns all videos of a call instead of ``decode``; of the
            built-in decoders that work on batches or with the parameters of a run.
    """

    needs: Needs
    reads: frozenset[str] = frozenset()
    decode: Decode | str = ""
    reads_pins: bool = False
    version: str = ""
    engine: str = ""

    @property
    def settings_read(self) -> frozenset[str]:
        """All fields of :class:`AlignSettings` that have an effect, beside those of every decoder."""
        return self.reads | _READ_WITH[self.needs]

    def decode_function(self) -> Decode:
        """Import the function that aligns one video, where it is given by its place."""
        if isinstance(self.decode, str):
            return cast(Decode, resolve_name(self.decode))
        return self.decode


_READ_WITH = {
    Needs.NOTHING: frozenset[str](),
    Needs.FEATURES: frozenset({"video", "text", "any_space", "scores"}),
    Needs.NETWORK: frozenset({"run", "video", "text", "checkpoint", "timing_weight"}),
}

_NETWORK = "mmtool.stages.align.by_network:align_by_network"
GREEDY = AlignDecoder(needs=Needs.NETWORK, engine=_NETWORK)
BEAM = AlignDecoder(needs=Needs.NETWORK, reads=frozenset({"beam_width"}), engine=_NETWORK)
SEMI_MARKOV = AlignDecoder(
    needs=Needs.NOTHING,
    reads=frozenset(
        {
            *("run", "video", "text", "any_space", "scores", "path", "cue_times", "transcript"),
            *("timing_model", "language", "learn_from_corpus"),
        }
    ),
    engine="mmtool.stages.align.by_timing:align_by_timing",
)
_SIMILARITY = "mmtool.alignment.similarity.decoders"
DTW = AlignDecoder(needs=Needs.FEATURES, decode=f"{_SIMILARITY}:decode_by_dtw", reads_pins=True)
OTAM = AlignDecoder(needs=Needs.FEATURES, decode=f"{_SIMILARITY}:decode_by_otam", reads_pins=True)
MONOTONE = AlignDecoder(
    needs=Needs.FEATURES,
    reads=frozenset({"unmatched_score", "unused_cost"}),
    decode=f"{_SIMILARITY}:decode_monotonically",
    reads_pins=True,
)

DECODERS: Registry[AlignDecoder] = Registry(
    "mmtool.decoders",
    "decoder",
    {
        "greedy": f"{__name__}:GREEDY",
        "beam": f"{__name__}:BEAM",
        "semi-markov": f"{__name__}:SEMI_MARKOV",
        "dtw": f"{__name__}:DTW",
        "otam": f"{__name__}:OTAM",
        "monotone": f"{__name__}:MONOTONE",
    },
    expected="a mmtool.decoders.AlignDecoder",
    accepts=lambda loaded: isinstance(loaded, AlignDecoder),
)


def works_without_run(name: str) -> bool:
    """Whether a name is that of a decoder without a run, whose alignments are stored under its name."""
    return name in DECODERS.names() and DECODERS.load(name).needs is not Needs.NETWORK
