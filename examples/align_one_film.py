"""Align one film with one text, from Python, with a run that was trained before.

    mmtool demo movies
    python examples/align_one_film.py movies/videos/movie-050.mp4 movies/texts/movie-050.txt movies/runs/demo

A run is a folder: it carries the network, the projection and the normalisation, so it can be copied
from the corpus that it was trained on into any other. The encoders must be those of its training.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from mmtool.formats.alignments import read_alignment
from mmtool.formats.corpus import Corpus
from mmtool.settings.align import AlignSettings
from mmtool.settings.demo import DemoSettings
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.segment import SegmentSettings
from mmtool.stages.align import align
from mmtool.stages.demo import extract_settings
from mmtool.stages.extract import extract
from mmtool.stages.segment import segment


def align_film(film: Path, text: Path, run: Path, *, encoders: ExtractSettings) -> None:
    """Build a corpus of one video, align it and print each snippet with its times."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder))
        for source, target in ((film, "videos/film"), (text, "texts/film")):
            place = corpus.root / f"{target}{source.suffix}"
            place.parent.mkdir()
            shutil.copy(source, place)
        shutil.copytree(run, corpus.run(run.name))

        segment(corpus.root, SegmentSettings())
        extract(corpus.root, encoders)
        report = align(corpus.root, AlignSettings(run=run.name))
        for failure in report.failures:
            print(failure.reason)
        alignment, _ = read_alignment(corpus.alignment(run.name, "film"))

    for number, snippet in enumerate(alignment.snippets):
        clips = [alignment.clips[clip] for clip, matched in alignment.matches if matched == number]
        times = f"{clips[0].start:6.1f}–{clips[-1].end:6.1f} s" if clips else "      unmatched"
        print(f"{times}  {alignment.snippet_confidence[number]:4.0%}  {snippet.text}")


def main() -> None:
    """Read the arguments; without --timing the encoders are those of `mmtool demo`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("film", type=Path)
    parser.add_argument("text", type=Path)
    parser.add_argument("run", type=Path, help="a run's folder, such as movies/runs/demo")
    parser.add_argument("--timing", action="store_true", help="the run reads timing and length features")
    arguments = parser.parse_args()
    encoders = extract_settings(DemoSettings(folder=Path()))
    if arguments.timing:
        encoders = ExtractSettings(video_encoder="timing", text_encoder="length")
    align_film(arguments.film, arguments.text, arguments.run, encoders=encoders)


if __name__ == "__main__":
    main()
