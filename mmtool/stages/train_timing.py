"""Clips, snippets, annotations and titles → a run with parameters of the semi-Markov model."""

import shutil
from pathlib import Path

from mmtool.alignment.timing_fit import fit
from mmtool.alignment.timing_parameters import default_parameters
from mmtool.choices import Split
from mmtool.errors import CallError, InputError
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_file, digest_json
from mmtool.formats.runs import RunConfig, read_run, write_run
from mmtool.formats.timing_parameters import write_timing
from mmtool.records import StageReport
from mmtool.settings import TIMING, TIMING_RUN, check_run_name
from mmtool.stages.truth import read_narration


def train_timing(root: Path, *, run: str = TIMING_RUN, force: bool = False) -> StageReport:
    """Estimate ``runs/<run>/timing.json`` from the training split; what it does not tell is the package's.

    A run of the same data is left alone.
    """
    check_run_name(run)
    corpus, report = Corpus.open(root), StageReport("train")
    ids, base = corpus.split_ids(Split.TRAIN), default_parameters()
    try:
        titles = corpus.titles()
        videos = [read_narration(corpus, id, titles.get(id, "")) for id in ids]
        config = RunConfig(
            {"preset": TIMING, "base": digest_json(base.to_dict())},
            digest_json([(id, titles.get(id, ""), *_digests(corpus, id)) for id in ids]),
        )
        if not force and _is_made(corpus, run, config):
            report.unchanged.append(run)
            return report
        parameters = fit(videos, base, source=f"Learned from {len(ids)} videos, those of splits/train.txt.")
    except InputError as error:
        raise CallError(str(error)) from error
    except ValueError as error:
        raise CallError(f"{corpus.split(Split.TRAIN)}: {error}; annotate more of its videos") from error
    if force:
        shutil.rmtree(corpus.run(run), ignore_errors=True)
    write_run(corpus.run(run) / "config.json", config)
    write_timing(corpus.timing(run), parameters.to_dict())
    report.facts["videos"] = len(videos)
    report.done.append(run)
    report.written.append(str(corpus.run(run)))
    return report


def _digests(corpus: Corpus, id: str) -> list[str]:
    return [digest_file(path) for path in (corpus.clips(id), corpus.snippets(id), corpus.annotations(id))]


def _is_made(corpus: Corpus, run: str, config: RunConfig) -> bool:
    """Whether the run is complete; raises CallError where it is another's."""
    path = corpus.run(run) / "config.json"
    if not path.exists():
        return False
    if read_run(path) != config:
        raise CallError(
            f"{path}: this run has other settings, or was trained on other data; "
            "name another with --run, or start it anew with --force"
        )
    return corpus.timing(run).exists()
