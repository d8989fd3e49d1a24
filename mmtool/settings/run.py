"""Settings of ``run``."""

from dataclasses import dataclass, field
from pathlib import Path

from mmtool.decoders import DECODERS, Needs
from mmtool.errors import CallError
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.segment import SegmentSettings


@dataclass(frozen=True, slots=True)
class RunSettings:
    """One film and one text, and the folder that becomes their corpus."""

    video: Path
    text: Path
    folder: Path
    title: str = ""
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    extract: ExtractSettings | None = None  # None: by timing alone
    align: AlignSettings = field(default_factory=AlignSettings)

    def __post_init__(self) -> None:
        if self.extract is not None and None in (self.extract.video_encoder, self.extract.text_encoder):
            raise CallError("clips are compared with snippets: name --video-encoder and --text-encoder")
        decoder = self.align.decoder
        needs = None if decoder is None else DECODERS.load(decoder).needs
        if needs is Needs.NETWORK:
            raise CallError(f"--decoder {decoder}: needs a trained network; one film alone has none")
        if needs is Needs.FEATURES and self.extract is None:
            raise CallError(
                f"--decoder {decoder}: compares features; name --video-encoder and --text-encoder"
            )
