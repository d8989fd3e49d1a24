"""What an importer is, and what it gives back.

Another package adds an importer through an entry point of the group ``mmtool.importers``::

    def read_lists(source: Path, settings: NoSettings) -> ImportedCorpus:
        text = source.read_text(encoding="utf-8")
        snippets = tuple(Snippet(line) for line in text.splitlines())
        return ImportedCorpus(videos={source.stem: ImportedVideo(snippets=snippets)})

    LISTS = Importer(help="Import texts with one snippet per line.", read=read_lists)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmtool.choices import Split
from mmtool.records import Annotation, Clip, Failure, Snippet
from mmtool.settings.imports import NoSettings
from mmtool.settings.options import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedVideo:
    """The records of one video; those that the source does not have are left out.

    ``details`` are further columns of ``videos.csv`` with their values, such as an address. ``made`` is given
    where the clips are not those of a film but were made: how, as plain JSON values, for the note beside
    them.
    """

    clips: Sequence[Clip] = ()
    snippets: Sequence[Snippet] = ()
    annotations: Sequence[Annotation] = ()
    title: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedCorpus:
    """What an importer read: videos by id, and the ids of each split.

    ``failures`` are videos that the source has but that cannot be imported; ``notes`` are shown to the user.
    """

    videos: Mapping[str, ImportedVideo]
    splits: Mapping[Split, Sequence[str]] = field(default_factory=dict)
    failures: Sequence[Failure] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """A source of corpora.

    Attributes:
        help: Help of the command ``mmtool import NAME``: one line, then details and an example.
        read: Reads a file or folder with the importer's settings; raises CallError or InputError for one
            that cannot be read.
        settings: The importer's own settings, whose fields become options of the command. The names
            ``source``, ``corpus``, ``force`` and ``as_json`` are taken.
    """

    help: str
    read: Callable[[Path, Any], ImportedCorpus]
    settings: type[Settings] = NoSettings
