"""How the texts of a corpus were split last, which stands for the settings that are not given.

Another split would make alignments, features and annotations useless, and a plain call does not mean that.
The settings of films are not kept: a threshold or an extent is often tried once.
"""

from pathlib import Path

from mmtool.errors import CallError, SettingError
from mmtool.formats.segment_settings import read_segment_settings, write_segment_settings
from mmtool.settings.options import settings_of
from mmtool.settings.segment import SegmentSettings

KEPT = ("split", "language", "text_format", "encoding")


def with_remembered(path: Path, settings: SegmentSettings) -> tuple[SegmentSettings, list[str]]:
    """Complete the settings that were given by those of the last call, and say which these are.

    Raises:
        CallError: The file of the last settings is damaged, or its settings do not go with those given.
    """
    last = _last(path)
    used = {name: value for name, value in last.items() if name not in settings.given}
    if not used:
        return settings, []
    try:
        completed = SegmentSettings.chosen(None, used | settings.given)
    except SettingError as error:
        raise CallError(f"{path}: {error}; correct it, or delete it and name the settings again") from error
    said = [f"`{name}={_shown(value)}`" for name, value in used.items()]
    return completed, [
        f"{', '.join(said)} as in the last segment of this corpus; name a setting to change it"
    ]


def remember(path: Path, settings: SegmentSettings) -> None:
    """Keep the settings that were given for the next call; those of the last call that they replace go.

    Nothing is written before a setting differs from its default.
    """
    last = _last(path)
    kept = {name: value for name, value in last.items() if name not in settings.given}
    defaults = settings_of(SegmentSettings)
    given = {
        name: _plain(value)
        for name, value in settings.given.items()
        if name in defaults and name in KEPT and value != defaults[name].default
    }
    if path.exists() or kept | given:
        write_segment_settings(path, kept | given)


def _last(path: Path) -> dict[str, object]:
    known = settings_of(SegmentSettings)
    found = read_segment_settings(path)
    return {name: found[name] for name in KEPT if name in found and name in known}


def _plain(value: object) -> object:
    """A setting as JSON holds it; files by their full path, which is valid in other folders too."""
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, tuple):
        return [str(item) for item in value]
    return str(value) if isinstance(value, str) else value


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
