"""Settings of ``run`` and of alignment in memory: those of the stages that they chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, TypeVar

from mmtool.decoders import DECODERS, Needs
from mmtool.errors import CallError, SettingError
from mmtool.settings.align import AlignSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.options import Option, Settings, unknown_setting
from mmtool.settings.segment import SegmentSettings

INPUT, OUTPUT = "Input", "Output"
GROUPS: Mapping[str, type] = {"segment": SegmentSettings, "extract": ExtractSettings, "align": AlignSettings}

S = TypeVar("S", bound="FilmSettings")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmSettings(Settings):
    """How one film is aligned with one text."""

    title: Annotated[
        str,
        Option(
            "Title of the film, which helps to recognise logos and credits.",
            heading=INPUT,
            default="the file's name",
        ),
    ] = ""
    segment: SegmentSettings = field(default_factory=SegmentSettings)
    align: AlignSettings = field(default_factory=AlignSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings(FilmSettings):
    """One film and one text, and how they are aligned in a corpus of their own.

    Without ``extract``, timing alone aligns them.
    """

    video: Annotated[Path, Option("The film.", argument=True)]
    text: Annotated[
        Path, Option("Its text: txt, srt, vtt, ass, tsv, csv, jsonl or fountain.", argument=True)
    ]
    extract: ExtractSettings | None = None
    force: Annotated[bool, Option("Do everything again, replacing earlier results.", heading=OUTPUT)] = False

    def check(self) -> None:
        if self.extract is not None and None in (self.extract.video_encoder, self.extract.text_encoder):
            raise CallError("clips are compared with snippets: name `video_encoder` and `text_encoder`")
        decoder = self.align.decoder
        needs = None if decoder is None else DECODERS.load(decoder).needs
        if needs is Needs.NETWORK:
            raise SettingError("decoder", f"{decoder} needs a trained network, which one film does not have")
        if needs is Needs.FEATURES and self.extract is None:
            raise SettingError(
                "decoder", f"{decoder} compares features; name `video_encoder` and `text_encoder`"
            )


def chosen_settings(cls: type[S], settings: S | None, options: Mapping[str, object]) -> S:
    """The settings that a function was given, where keywords may also be fields of the groups.

    ``split="sentences"`` is short for ``segment=SegmentSettings(split="sentences")``. A name that several
    groups have goes to all of them, but only a name of its own makes a group that is optional.
    """
    return cls.chosen(settings, options if settings is not None else _grouped(cls, options))


def _grouped(cls: type[FilmSettings], options: Mapping[str, object]) -> dict[str, object]:
    own = {field.name for field in fields(cls)}
    names = {
        group: {field.name for field in fields(GROUPS[group])} for group in GROUPS if group in own
    }
    known = own.union(*names.values())
    for name in options:
        if name not in known:
            raise unknown_setting(name, known)
    result = {name: value for name, value in options.items() if name in own}
    for group, members in names.items():
        others = own.union(*(names[other] for other in names if other != group))
        given = {name: options[name] for name in options if name in members - own}
        needed = group != "extract" or any(name not in others for name in given)
        if given and needed:
            if group in result:
                raise SettingError(next(iter(given)), f"cannot be given together with `{group}`")
            result[group] = GROUPS[group](**given)
    return result
