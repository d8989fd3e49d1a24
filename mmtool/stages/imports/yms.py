"""The YMS annotation files → a corpus folder."""

import csv
import io
from pathlib import Path

from mmtool.errors import CallError
from mmtool.formats.annotations import write_annotations
from mmtool.formats.atomic import write_text
from mmtool.formats.clips import write_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.snippets import write_snippets
from mmtool.formats.splits import write_split
from mmtool.importers.yms import read_yms
from mmtool.records import Failure, StageReport


def import_yms(folder: Path, root: Path, *, keep_unmatched: bool = False, force: bool = False) -> StageReport:
    """Write clips, snippets, annotations, splits and ``videos.csv`` of YMS into ``root``."""
    yms = read_yms(folder, keep_unmatched=keep_unmatched)
    corpus, report = Corpus(root), StageReport("import yms")
    if corpus.known_ids() and not force:
        raise CallError(
            f"{root}: holds clips or snippets already; import into an empty folder, or use --force"
        )
    for id, video in sorted(yms.videos.items()):
        if not (video.clips and video.snippets and video.annotations):
            report.failures.append(
                Failure(id, f"{folder}: {id!r} has no clips or no phrases; restore the released files")
            )
            continue
        write_clips(corpus.clips(id), video.clips)
        write_snippets(corpus.snippets(id), video.snippets)
        write_annotations(corpus.annotations(id), video.annotations)
        report.done.append(id)
    for split, ids in yms.splits.items():
        write_split(corpus.split(split), [id for id in ids if id in report.done])
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\n")
    table.writerow(("id", "title", "url"))
    table.writerows((id, yms.videos[id].title, yms.videos[id].url) for id in report.done)
    write_text(root / "videos.csv", buffer.getvalue())
    if yms.blank:
        report.notes.append(f"{folder}: {yms.blank} annotated intervals have no text and were left out")
    done = [yms.videos[id] for id in report.done]
    report.written.append(str(root))
    report.facts |= {
        "videos": len(done),
        "splits": "/".join(str(len(ids)) for ids in yms.splits.values()),
        "clips": sum(len(video.clips) for video in done),
        "snippets": sum(len(video.snippets) for video in done),
        "annotations": sum(len(video.annotations) for video in done),
    }
    return report
