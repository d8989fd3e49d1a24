"""Align one film with one text, from Python: by timing, or with a run that was trained before.

    mmtool demo movies
    python examples/align_one_film.py movies/videos/movie-072.mp4 movies/texts/movie-072.txt
    python examples/align_one_film.py movies/videos/movie-072.mp4 movies/texts/movie-072.txt movies/runs/demo

Timing needs nothing but the film and the text, and writes nothing. A run is a folder: it carries the
network, the projection and the normalisation, so it can be copied from the corpus that it was trained on
into any other. The encoders must be those of its training.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import mmtool
from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.stages.demo import demo_encoders


def align_by_timing(film: Path, text: Path) -> None:
    """Align in memory and print each snippet with its times."""
    found = mmtool.align_film(film, text)
    for match in found.matches:
        print(f"{match.start:6.1f}–{match.end:6.1f} s  {match.confidence:4.0%}  {match.text}")
    for snippet in found.unplaced:
        print(f"{'unmatched':>15}        {snippet.text}")


def align_with_run(film: Path, text: Path, run: Path, encoders: mmtool.ExtractSettings) -> None:
    """Make a corpus of one video, align it with the run and print each snippet with its times."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder))
        for source, target in ((film, "videos/film"), (text, "texts/film")):
            path = corpus.root / f"{target}{source.suffix}"
            path.parent.mkdir()
            shutil.copy(source, path)
        shutil.copytree(run, corpus.run(run.name))

        mmtool.segment(corpus.root)
        mmtool.extract(corpus.root, encoders)
        report = mmtool.align(corpus.root, run=run.name)
        for failure in report.failures:
            print(failure.reason)
        alignment, _ = read_alignment(corpus.alignment(run.name, "film"))

    for number, snippet in enumerate(alignment.snippets):
        extent = alignment.extent(number)
        times = f"{extent.start:6.1f}–{extent.end:6.1f} s" if extent else f"{'unmatched':>15}"
        print(f"{times}  {alignment.snippet_confidence[number]:4.0%}  {snippet.text}")


def main() -> None:
    """Read the arguments; the encoders are those of `mmtool demo`, unless --timing is given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("run", type=Path, nargs="?", help="a run's folder, such as movies/runs/demo")
    parser.add_argument("--timing", action="store_true", help="the run reads timing and length features")
    arguments = parser.parse_args()
    film, text, run = arguments.film, arguments.text, arguments.run
    if run is None:
        align_by_timing(film, text)
        return
    encoders = demo_encoders(run.resolve().parents[1])
    if arguments.timing:
        encoders = mmtool.ExtractSettings(video_encoder="timing", text_encoder="length")
    align_with_run(film, text, run, encoders)


if __name__ == "__main__":
    main()
