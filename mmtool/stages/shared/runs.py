"""Which run is meant where none is named."""

from pathlib import Path

from mmtool.errors import SettingError
from mmtool.formats.corpus import Corpus


def only_alignments(corpus: Corpus, setting: str = "run") -> str:
    """The name of the only folder of alignments.

    Raises SettingError, naming the ``setting``, where there are none or several.
    """
    names = _folders(corpus.root / "alignments")
    if not names:
        raise SettingError(
            setting, f"is needed: {corpus.root} has no alignments yet; run `mmtool align` first"
        )
    if len(names) > 1:
        raise SettingError(setting, f"is needed: there are alignments of {', '.join(names)}")
    return names[0]


def only_run(corpus: Corpus, setting: str = "run") -> str:
    """The name of the only trained run; raises SettingError as :func:`only_alignments` does."""
    names = _folders(corpus.root / "runs")
    if not names:
        raise SettingError(setting, f"is needed: {corpus.root} has no runs yet; run `mmtool train` first")
    if len(names) > 1:
        raise SettingError(setting, f"is needed: there are runs {', '.join(names)}")
    return names[0]


def _folders(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.glob("[!.]*") if path.is_dir())


def not_aligned_by_all(videos: int) -> str:
    """The note on a number of videos that some runs lack."""
    is_omitted = "video is omitted: it is" if videos == 1 else "videos are omitted: they are"
    return f"{videos} {is_omitted} not aligned by every run"
