"""The corpus folder: where each file is, and which ids exist."""

import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtool.choices import Split
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.csv_rows import read_rows
from mmtool.formats.ids import REMEDY, alike, problem_of, require_usable
from mmtool.formats.splits import read_split
from mmtool.records import Failure
from mmtool.settings.run_names import check_runs

NAMED = 5  # files that a note names; it counts the others
NOBODYS = ("thumbs.db", "desktop.ini", "lost+found", "@eadir")  # what systems leave in folders


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files of one corpus folder; an id is the stem of a file name, the same in every subfolder."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> "Corpus":
        """Return the corpus at ``root``; raises CallError unless it is a folder."""
        if not root.is_dir():
            raise CallError(
                f"{root}: no such folder; create it, and put films into videos/ and texts into texts/"
            )
        return cls(root)

    def clips(self, id: str) -> Path:
        return self.root / "clips" / f"{id}.csv"

    def film_note(self, film: Path) -> Path:
        """The note with the digest of a film."""
        return self.root / "clips" / ".made" / f"{film.name}.film.json"

    def snippets(self, id: str) -> Path:
        return self.root / "snippets" / f"{id}.csv"

    def transcript(self, id: str) -> Path:
        """The transcript that ``transcribe`` writes; the user's own may have another suffix."""
        return self.root / "transcripts" / f"{id}.jsonl"

    def segment_settings(self) -> Path:
        return self.root / "segment.json"

    def scores(self, id: str) -> Path:
        return self.root / "stats" / f"{id}.csv"

    def suggestions(self, id: str) -> Path:
        return self.root / "stats" / f"{id}.png"

    def contact_sheet(self, id: str) -> Path:
        return self.root / "thumbnails" / f"{id}.jpg"

    def thumbnail(self, id: str, clip: int) -> Path:
        """The picture of a clip; that of the first clip is 0001.jpg."""
        return self.root / "thumbnails" / id / f"{clip + 1:04}.jpg"

    def annotations(self, id: str) -> Path:
        return self.root / "annotations" / f"{id}.tsv"

    def pins(self, id: str) -> Path:
        return self.root / "pins" / f"{id}.tsv"

    def features(self, name: str) -> Path:
        return self.root / "features" / f"{name}.h5"

    def run(self, run: str) -> Path:
        """The folder of a run; raises SettingError for anything but the name of a folder."""
        if not run:
            raise SettingError("run", "must be the name of a folder in runs/, not ''")
        check_runs(run)
        return self.root / "runs" / run

    def history(self, run: str) -> Path:
        return self.run(run) / "metrics.jsonl"

    def timing(self, run: str) -> Path:
        return self.run(run) / "timing.json"

    def alignment(self, run: str, id: str) -> Path:
        """The alignment of a video; raises InputError for an id that cannot be used."""
        require_usable(id)
        return self.root / "alignments" / run / f"{id}.json"

    def metrics(self, run: str) -> Path:
        return self.root / "alignments" / run / "metrics.json"

    def exports(self, run: str) -> Path:
        return self.root / "exports" / run

    def match_scores(self, name: str, id: str) -> Path:
        """The scores of a film's clips and snippets; raises InputError for an id that cannot be used."""
        require_usable(id)
        return self.root / "scores" / name / f"{id}.h5"

    def score_weights(self, name: str) -> Path:
        return self.root / "scores" / name / "weights.json"

    def report(self, run: str) -> Path:
        return self.root / "reports" / f"{run}.html"

    def retrieved(self) -> Path:
        """The folder of pages and pictures that ``retrieve`` writes."""
        return self.root / "retrieved"

    def explained(self, run: str) -> Path:
        return self.root / "explained" / run

    def plots(self) -> Path:
        return self.root / "plots"

    def experiment(self, plan: str) -> Path:
        return self.root / "experiments" / plan

    def split(self, split: Split) -> Path:
        return self.root / "splits" / f"{split}.txt"

    def media(
        self, folder: str, suffixes: Sequence[str], *, giving_way: Sequence[str] = ()
    ) -> tuple[dict[str, Path], list[Failure]]:
        """Files of ``folder`` by id, and a failure for each unusable id or dead link.

        A file with a suffix ``giving_way`` is left out beside one of the same id with another suffix.
        """
        found: dict[str, list[Path]] = {}
        failures = []
        for path in sorted((self.root / folder).glob("*")):
            if path.suffix.lower() in suffixes and not path.name.startswith("."):
                if path.is_symlink() and not os.path.exists(path):  # noqa: PTH110 — which never raises
                    failures.append(Failure(_id(path), _dead_link(path)))
                elif not os.path.isfile(path):  # noqa: PTH113
                    continue
                elif _is_unicode(path.stem):
                    found.setdefault(path.stem, []).append(path)
                else:
                    name = ascii(str(path))
                    failures.append(
                        Failure(name, f"{name}: the file name is not valid UTF-8; rename the file")
                    )
        for id, paths in found.items():
            found[id] = [path for path in paths if path.suffix.lower() not in giving_way] or paths
        failures += [
            Failure(id, f"{paths[1]}: has the same id as {paths[0].name}; rename one of them")
            for id, paths in found.items()
            if len(paths) > 1
        ]
        problems = {
            id: f"differs from {found[other][0].name} only in case, which not all systems tell apart"
            for id, other in alike(found).items()
        }
        problems |= {id: problem for id in found if (problem := problem_of(id))}
        failures += [Failure(id, f"{found[id][0]}: {problems[id]}; {REMEDY}") for id in problems]
        usable = {id: paths[0] for id, paths in found.items() if len(paths) == 1 and id not in problems}
        return usable, failures

    def left_out(self, folder: str, suffixes: Sequence[str], *, used: Container[Path] = ()) -> str:
        """A note on what is in ``folder``, but not read as one of its files; empty if that is nothing."""
        others = [
            path
            for path in sorted((self.root / folder).glob("*"))
            if not path.name.startswith(".")
            and path not in used
            and not path.is_symlink()
            and path.name.lower() not in NOBODYS
            and not (os.path.isfile(path) and path.suffix.lower() in suffixes)  # noqa: PTH113
        ]
        if not others:
            return ""
        named = ", ".join(ascii(path.name)[1:-1] + ("/" if path.is_dir() else "") for path in others[:NAMED])
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        return (
            f"{self.root / folder}: left out {named}{more}; only files that end in "
            f"{', '.join(suffixes)} are read"
        )

    def ids_in(self, folder: str, suffix: str) -> list[str]:
        """Sorted ids of the files of ``folder`` that end in ``suffix``, without hidden ones."""
        return sorted(
            path.name.removesuffix(suffix)
            for path in (self.root / folder).glob(f"*{suffix}")
            if not path.name.startswith(".")
        )

    def clip_ids(self) -> list[str]:
        return self.ids_in("clips", ".csv")

    def snippet_ids(self) -> list[str]:
        return self.ids_in("snippets", ".csv")

    def aligned_ids(self, run: str) -> list[str]:
        """Ids that a run has aligned; ``metrics.json`` in the same folder is not one."""
        return [id for id in self.ids_in(f"alignments/{run}", ".json") if id != self.metrics(run).stem]

    def require_aligned(self, run: str) -> list[str]:
        """Ids that a run has aligned; raises CallError, which lists the other runs, if there are none."""
        if ids := self.aligned_ids(run):
            return ids
        folder = self.metrics(run).parent
        others = sorted(path.name for path in folder.parent.glob("[!.]*") if path.is_dir() and path != folder)
        remedy = "run `mmtool align` first" + (f", or choose one of {', '.join(others)}" if others else "")
        raise CallError(f"{folder}: no alignments; {remedy}")

    def known_ids(self) -> set[str]:
        """Ids that have clips or snippets."""
        return set(self.clip_ids()) | set(self.snippet_ids())

    def split_ids(self, split: Split) -> list[str]:
        """Ids of a split.

        Raises:
            CallError: The file is missing or empty, or contains an id that the corpus does not have.
        """
        path = self.split(split)
        try:
            ids = read_split(path)
        except InputError as error:
            raise CallError(str(error)) from error
        if not ids:
            raise CallError(f"{path}: contains no ids; write one id per line")
        known = self.known_ids()
        unknown = [id for id in ids if id not in known]
        if unknown:
            raise CallError(
                f"{path}: contains {unknown[0]!r}, which has neither clips nor snippets; "
                "remove the line, or add the video and run `mmtool segment`"
            )
        return ids

    def titles(self) -> dict[str, str]:
        """Titles by id from ``videos.csv``; empty if the file does not exist.

        Raises:
            InputError: The column ``id`` is missing, or a line is malformed.
        """
        return self.column("title")

    def languages(self) -> dict[str, str]:
        """Codes of languages by id from ``videos.csv``, only of the videos for which it has one.

        Raises:
            InputError: The column ``id`` is missing, or a line is malformed.
        """
        return {id: language for id, language in self.column("language").items() if language}

    def column(self, name: str) -> dict[str, str]:
        """A column of ``videos.csv`` by id; "" where a video has no such cell.

        Raises:
            InputError: The column ``id`` is missing, or a line is malformed.
        """
        path = self.root / "videos.csv"
        if not path.exists():
            return {}
        rows = read_rows(path, ("id",), "write the columns id,title, and quote titles that contain commas")
        return {row["id"]: row.get(name) or "" for _, row in rows if row["id"]}


def _id(path: Path) -> str:
    return path.stem if _is_unicode(path.stem) else ascii(path.stem)


def _dead_link(path: Path) -> str:
    name, target = ascii(str(path))[1:-1], ascii(str(path.readlink()))[1:-1]
    return f"{name}: links to {target}, which cannot be reached; put that file back, or correct the link"


def _is_unicode(name: str) -> bool:
    try:
        return bool(name.encode())
    except UnicodeEncodeError:
        return False
