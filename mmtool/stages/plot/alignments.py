"""Alignments, and annotations where there are any → a picture of each."""

from mmtool.choices import Decoder, Plot
from mmtool.evaluation.measures import score
from mmtool.formats.corpus import Corpus
from mmtool.plots.alignment_grid import write_alignment_grid
from mmtool.records import Alignment, Failure, Progress
from mmtool.settings.plot import PlotSettings
from mmtool.stages.plot.report import PlotReport
from mmtool.stages.plot.videos import Truth, read_alignments


def plot_alignments(corpus: Corpus, settings: PlotSettings, progress: Progress) -> PlotReport:
    """Draw each video of each run into ``plots/alignment/<run>/<id>``, also without annotations."""
    report, folder, titles = PlotReport(), settings.output or corpus.plots(), corpus.titles()
    for run in settings.runs:
        for id, found in read_alignments(corpus, run, settings, progress):
            if isinstance(found, Failure):
                report.failures.append(found)
                continue
            alignment, truth = found
            path = folder / str(Plot.ALIGNMENT) / run / f"{id}.{settings.format}"
            name = f"{id} · {titles[id]}" if titles.get(id) else id
            write_alignment_grid(
                path,
                alignment,
                truth,
                title=f"{run}: {name}",
                measured=_measures(alignment, truth),
                picture_format=settings.format,
            )
            if alignment.decoder == Decoder.SEMI_MARKOV and not alignment.candidates:
                report.notes.append(
                    f"{id}: this alignment has no candidates; `mmtool align --force` adds them"
                )
            report.done.append(id)
            report.written.append(str(path))
    return report


def _measures(alignment: Alignment, truth: Truth | None) -> str:
    """The measures of the alignment in words; empty without annotations."""
    if truth is None:
        return ""
    result = score([clip.interval for clip in alignment.clips], truth, alignment.matches)
    return f"video accuracy {100 * result.video_accuracy:.0f} %, text IoU {100 * result.text_iou:.0f} %"
