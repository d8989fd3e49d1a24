"""Settings of ``transcribe``."""

from dataclasses import dataclass
from typing import Annotated

from mmtool.choices import SpeechPrecision
from mmtool.errors import SettingError
from mmtool.settings.devices import AUTO, NETWORK_DEVICES, check_device
from mmtool.settings.options import Option, Settings
from mmtool.settings.segment import LANGUAGE

RECOGNISER, COMPUTING, OUTPUT = "Recogniser", "Computing", "Output"


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscribeSettings(Settings):
    """How speech is recognised."""

    model: Annotated[
        str,
        Option(
            "Whisper model for CTranslate2: a local folder, or a name such as tiny, base, small, medium, "
            "large-v3, turbo or small.en, which is downloaded once.",
            heading=RECOGNISER,
            metavar="NAME|FOLDER",
        ),
    ] = "small"
    language: Annotated[
        str,
        Option("ISO 639 code of the language that is spoken, or auto to detect it.", heading=RECOGNISER),
    ] = "auto"
    beam_width: Annotated[
        int, Option("Hypotheses that the recogniser follows.", heading=RECOGNISER, at_least=1)
    ] = 5
    device: Annotated[
        str, Option(f"Device for the recogniser: {NETWORK_DEVICES}.", heading=COMPUTING, metavar="DEVICE")
    ] = AUTO
    precision: Annotated[
        SpeechPrecision,
        Option("Precision; auto is the fastest that the device supports.", heading=COMPUTING),
    ] = SpeechPrecision.AUTO
    batch_size: Annotated[
        int | None,
        Option(
            "Stretches of speech recognised together.",
            heading=COMPUTING,
            at_least=1,
            default="8 on a GPU, otherwise 1",
        ),
    ] = None
    workers: Annotated[int, Option("Films transcribed at a time.", heading=COMPUTING, at_least=1)] = 1
    threads: Annotated[
        int,
        Option(
            "CPU threads for each film.",
            heading=COMPUTING,
            at_least=0,
            default="all cores, shared by the films",
        ),
    ] = 0
    force: Annotated[bool, Option("Transcribe again, replacing earlier transcripts.", heading=OUTPUT)] = False

    def check(self) -> None:
        check_device(self.device)
        if not self.model:
            raise SettingError("model", "must be the name or the folder of a model")
        if self.language != "auto" and LANGUAGE.fullmatch(self.language) is None:
            raise SettingError("language", f"must be an ISO 639 code or auto, not {self.language!r}")
