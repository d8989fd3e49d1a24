"""Settings of ``run`` and of alignment in memory: those of the stages that they chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, TypeVar

from mmtool.choices import Decoder, TimingModel
from mmtool.decoders import DECODERS, Needs
from mmtool.errors import CallError, SettingError
from mmtool.language_codes import AUTO, is_language
from mmtool.settings.align import OUTPUT, TIME, AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.options import Option, Settings, unknown_setting
from mmtool.settings.segment import SegmentSettings

GROUPS: Mapping[str, type] = {"segment": SegmentSettings, "extract": ExtractSettings, "align": AlignSettings}
OPTIONS: Mapping[str, tuple[str, ...]] = {  # of each group, what matters for one film
    "segment": (
        "detector",
        "threshold",
        "min_clip_frames",
        "start",
        "end",
        "incomplete",
        "split",
        "language",
        "text_format",
        "encoding",
    ),
    "extract": (
        "video_encoder",
        "text_encoder",
        "video_model",
        "text_model",
        "video_weights",
        "text_weights",
        "device",
    ),
    "align": (
        "decoder",
        "path",
        "timing_model",
        "text_start",
        "text_end",
        "cue_times",
        "min_confidence",
        "require",
    ),
}

SPEECH = "Speech"
EMBEDDED, NO_TRANSCRIPT = "embedded", "none"  # choices of `transcript` that are not files

S = TypeVar("S", bound="FilmSettings")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSettings(Settings):
    """How one film is aligned with one text."""

    title: Annotated[
        str,
        Option(
            "Title of the film, which helps to recognise logos and credits.",
            heading=TIME,
            default="the file's name",
        ),
    ] = ""
    transcript: Annotated[
        str | None,
        Option(
            "What is said in the film: a file of subtitles or of a recogniser, embedded for the subtitles "
            "inside of the film, or none.",
            heading=SPEECH,
            metavar="FILE|embedded|none",
            default="subtitles with the film's name beside it, if the text is not their own",
        ),
    ] = None
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    align: AlignSettings = field(default_factory=AlignSettings)

    @property
    def align_in_language(self) -> AlignSettings:
        """The settings of align, with the language of the texts where it is named for splitting them."""
        asked = self.segment.language
        by_mixture = self.align.timing_model is TimingModel.MIXTURE
        by_timing = self.align.decoder in (None, Decoder.SEMI_MARKOV)
        if not (by_mixture and by_timing and self.align.language == AUTO and is_language(asked)):
            return self.align
        return replace(self.align, language=asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings(FilmSettings):
    """One film and one text, and how they are aligned in a corpus of their own.

    Without ``extract``, timing alone aligns them.
    """

    video: Annotated[Path, Option("The film.", argument=True)]
    text: Annotated[Path, Option("Its text: txt, srt, vtt, ass, tsv, csv, jsonl or fountain.", argument=True)]
    extract: ExtractSettings | None = None
    transcript_track: Annotated[
        str | None,
        Option(
            "Which subtitles inside of the film: their number or their language, such as 2 or eng.",
            heading=SPEECH,
            metavar="NUMBER|LANGUAGE",
            default="the first that are text",
        ),
    ] = None
    listen: Annotated[bool, Option("Recognise what is said in the film (extra speech).", heading=SPEECH)] = (
        False
    )
    speech_model: Annotated[
        str,
        Option(
            "Whisper model to listen with: a name or a local folder, as for mmtool transcribe.",
            heading=SPEECH,
            metavar="NAME|FOLDER",
        ),
    ] = "small"
    force: Annotated[bool, Option("Do everything again, replacing earlier results.", heading=OUTPUT)] = False

    def check(self) -> None:
        if self.extract is not None and None in (self.extract.video_encoder, self.extract.text_encoder):
            raise CallError("clips are compared with snippets: name `video_encoder` and `text_encoder`")
        if self.listen and self.transcript not in (None, NO_TRANSCRIPT):
            raise SettingError("listen", "makes a transcript; it cannot be given together with `transcript`")
        if self.transcript_track is not None and self.transcript != EMBEDDED:
            raise SettingError("transcript_track", f"needs `transcript={EMBEDDED}`")
        if not self.speech_model:
            raise SettingError("speech_model", "must be the name or the folder of a model")
        decoder = self.align.decoder
        needs = None if decoder is None else DECODERS.load(decoder).needs
        if needs is Needs.NETWORK:
            raise SettingError("decoder", f"{decoder} needs a trained network, which one film does not have")
        if needs is Needs.FEATURES and self.extract is None:
            raise SettingError(
                "decoder", f"{decoder} compares features; name `video_encoder` and `text_encoder`"
            )


def chosen_settings(cls: type[S], settings: S | None, options: Mapping[str, object]) -> S:
    """The settings that a function was given, where keywords may also be :data:`OPTIONS` of the groups.

    ``split="sentences"`` is short for ``segment=SegmentSettings(split="sentences")``.
    """
    return cls.chosen(settings, options if settings is not None else _grouped(cls, options))


def _grouped(cls: type[FilmSettings], options: Mapping[str, object]) -> dict[str, object]:
    """The keywords of a class, with those of its groups made into settings objects."""
    own = {field.name for field in fields(cls)}
    group_of = {name: group for group in GROUPS if group in own for name in OPTIONS[group]}
    result, grouped = dict[str, object](), dict[str, dict[str, object]]()
    for name, value in options.items():
        if name in own:
            result[name] = value
        elif name not in group_of:
            raise unknown_setting(name, own.union(group_of))
        elif group_of[name] in options:
            raise SettingError(name, f"cannot be given together with `{group_of[name]}`")
        else:
            grouped.setdefault(group_of[name], {})[name] = value
    return result | {group: GROUPS[group](**values) for group, values in grouped.items()}
