"""Stored regions, snippets and annotations → a run of the matcher, and its embeddings as features."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from mmtool.choices import CheckpointChoice, Modality, Precision, Split
from mmtool.encoders.tokens.word_pieces import WordPieces, table_of_words
from mmtool.errors import CallError, InputError, SettingError
from mmtool.features.joined import only_features
from mmtool.formats.checkpoints import choose_checkpoint
from mmtool.formats.corpus import Corpus
from mmtool.formats.digests import digest_json
from mmtool.formats.events import EventLog
from mmtool.formats.lock import sole_writer
from mmtool.formats.matcher_checkpoints import (
    MatcherCheckpoint,
    read_matcher_checkpoint,
    write_matcher_checkpoint,
)
from mmtool.formats.metrics import append_history, read_history, write_history
from mmtool.formats.runs import RunConfig, RunKind
from mmtool.fusion_choices import Blend
from mmtool.matching.augmentation import Augmentation
from mmtool.matching.fused import make_matcher
from mmtool.matching.model import Matcher, parameter_count
from mmtool.matching.shape import SIZES, SourceShape
from mmtool.matching.tokens import Scaling
from mmtool.matching.vocabulary import Pieces, Vocabulary, is_content
from mmtool.memory import remedy_for_memory
from mmtool.records import Failure, Progress
from mmtool.settings.matcher import MatcherSettings
from mmtool.settings.modalities import names_of
from mmtool.stages.shared.devices import multiplies_bf16, resolve_device, set_threads
from mmtool.stages.shared.matcher_features import write_embeddings
from mmtool.stages.shared.matcher_films import (
    AnnotatedFilm,
    ReadableClips,
    TokenSource,
    matched_films,
    open_tokens,
    read_annotated_film,
)
from mmtool.stages.shared.matcher_runs import open_trained, shape_as_json
from mmtool.stages.shared.matcher_sources import each_source, open_for_training
from mmtool.stages.shared.stored_words import StoredWords
from mmtool.stages.train.blending import check_films, cost_of, weighing_of
from mmtool.stages.train.continuing import prepare_run
from mmtool.stages.train.report import MatcherTrainReport
from mmtool.training.epochs import MatcherEpoch, OnEpoch
from mmtool.training.loop import TrainingState, fit
from mmtool.training.matching_task import MatcherTask
from mmtool.training.processes import Processes, joined_processes
from mmtool.training.resuming import check_state

FREE_SETTINGS = {"epochs", "device", "threads", "train_measures_every"}  # may change when a run continues
MORE_MEMORY = "use a smaller `batch_size`, `match_pairs` or `size`; the last checkpoint is intact"


@dataclass(frozen=True, slots=True)
class _Data:
    """What the matcher is trained and measured on."""

    train: list[AnnotatedFilm]
    val: list[AnnotatedFilm]
    source: ReadableClips
    pieces: Pieces
    digest: str


@dataclass(frozen=True, slots=True)
class _Job:
    """One run to train, as one of its processes sees it."""

    corpus: Corpus
    run: str
    config: RunConfig
    settings: MatcherSettings
    data: _Data
    processes: Processes


def train_matcher(
    root: Path,
    settings: MatcherSettings,
    *,
    run: str,
    force: bool,
    on_epoch: OnEpoch,
    progress: Progress,
) -> MatcherTrainReport:
    """Train ``runs/<run>``, or continue it from its last checkpoint, and write its embeddings."""
    corpus = Corpus.open(root)
    set_threads(settings.threads)
    device = resolve_device(settings.device)
    if settings.precision is Precision.BF16 and not multiplies_bf16(device):
        raise SettingError("precision", "bf16 is not supported by this processor or GPU; use fp32")
    try:
        if not settings.modalities:
            settings = replace(settings, video=settings.video or only_features(corpus, Modality.VIDEO))
        if settings.early_stopping and not corpus.split(Split.VAL).exists():
            raise CallError(
                f"{corpus.split(Split.VAL)}: early stopping needs a validation split; "
                "write one video id per line"
            )
        with _open_clips(corpus, settings) as source:
            data = _read(corpus, settings, source)
            check_films(settings, [film.id for film in data.train if film.matches.any()])
            network = _new_network(settings, data).to(device)
            config = RunConfig(settings.to_dict(), data.digest, kind=RunKind.MATCHER)
            with joined_processes(device) as processes:
                job = _Job(corpus, run, config, settings, data, processes)
                with sole_writer(corpus.run(run)) if processes.leads else nullcontext():
                    if force and corpus.run(run).exists() and processes.leads:
                        shutil.rmtree(corpus.run(run))
                    with remedy_for_memory(MORE_MEMORY), ExitStack() as stack:
                        report = _train(job, network, on_epoch, stack, progress)
                if processes.leads:
                    report.failures += _embed(job, device, progress)
                return report
    except InputError as error:
        raise CallError(str(error)) from error


@contextmanager
def _open_clips(corpus: Corpus, settings: MatcherSettings) -> Iterator[ReadableClips]:
    """Open the features of clips, of one source or of several."""
    names = names_of(settings.modalities)
    if not names:
        with open_tokens(corpus, settings.video, settings.clip_tokens, settings.regions) as source:
            yield source
        return
    films = [
        id
        for split in (Split.TRAIN, Split.VAL)
        if corpus.split(split).exists()
        for id in corpus.split_ids(split)
    ]
    with open_for_training(
        corpus, names, settings.clip_tokens, settings.regions, settings.missing, films
    ) as sources:
        yield sources


def _read(corpus: Corpus, settings: MatcherSettings, source: ReadableClips) -> _Data:
    """Read both splits; raises InputError for damaged files, CallError where nothing can be learned."""
    train_ids = corpus.split_ids(Split.TRAIN)
    val_ids = corpus.split_ids(Split.VAL) if corpus.split(Split.VAL).exists() else []
    train = [read_annotated_film(corpus, id, source) for id in train_ids]
    val = [read_annotated_film(corpus, id, source) for id in val_ids]
    if not any(film.matches.any() for film in train):
        raise CallError(
            f"{corpus.split(Split.TRAIN)}: no clip of its videos shows an annotated snippet; "
            "annotate some in annotations/"
        )
    source.fit(train_ids)
    pieces = _pieces(corpus, settings, train)
    content: list[object] = [train_ids, val_ids]
    for film in train + val:
        texts = [snippet.text for snippet in film.snippets]
        content.append([source.recipe(film.id), texts, film.matches.astype(int).tolist()])
    content.append(
        pieces.digest
        if isinstance(pieces, WordPieces | StoredWords)
        else list(pieces.names(range(4, pieces.size)))
    )
    return _Data(train, val, source, pieces, digest_json(content))


def _pieces(corpus: Corpus, settings: MatcherSettings, films: Sequence[AnnotatedFilm]) -> Pieces:
    most = SIZES[settings.size].max_words
    if settings.word_states:
        return StoredWords(corpus, settings.word_states, model=settings.words, max_words=most)
    if settings.words:
        return WordPieces(settings.words, max_words=most, is_content=is_content)
    return Vocabulary.of((snippet.text for film in films for snippet in film.snippets), max_words=most)


def _new_network(settings: MatcherSettings, data: _Data) -> Matcher:
    """A network with random weights from the seed; a model's table of words replaces their own."""
    torch.manual_seed(settings.seed)
    sources = each_source(data.source)
    several = len(sources) > 1
    shape = replace(
        SIZES[settings.size],
        attention=settings.attention,
        dropout=settings.dropout,
        drop_path=settings.drop_path,
        clip_tokens=settings.clip_tokens,
        clip_dimension=len(_scaling_of(sources).mean),
        grid=(1, max(source.frames for source in sources)),
        sources=tuple(map(_source_shape, sources)) if several else (),
        fusion=settings.fusion,
        late_layers=settings.fusion_layers,
        branches=settings.blend_plan.kind is not Blend.NONE,
        vocabulary=data.pieces.size,
        word_dimension=data.pieces.dimension if isinstance(data.pieces, StoredWords) else 0,
    )
    network = make_matcher(shape)
    if settings.words and not settings.word_states:
        table = table_of_words(settings.words, shape.width)[: shape.vocabulary]
        words = network.text_embedding.words
        with torch.no_grad():
            words.weight[: len(table)] = table * (shape.spread / table.std().clamp(min=1e-6))
    return network


def _source_shape(source: TokenSource) -> SourceShape:
    width = len(_scaling_of([source]).mean)
    return SourceShape(clip_tokens=source.kind, dimension=width, frames=source.frames)


def _scaling_of(sources: Sequence[TokenSource]) -> Scaling:
    """The scaling of all sources, side by side."""
    fitted = [source.scaling for source in sources if source.scaling is not None]
    if len(fitted) < len(sources):
        raise ValueError("no scaling")
    return Scaling(
        np.concatenate([scaling.mean for scaling in fitted]),
        np.concatenate([scaling.deviation for scaling in fitted]),
    )


def _train(
    job: _Job, network: Matcher, on_epoch: OnEpoch, stack: ExitStack, progress: Progress
) -> MatcherTrainReport:
    """Train from where the run stands; ``stack`` closes what this opens."""
    folder, settings, data, processes = job.corpus.run(job.run), job.settings, job.data, job.processes
    last, best, history = folder / "last.pt", folder / "best.pt", folder / "metrics.jsonl"
    defaults = MatcherSettings().to_dict()
    resumes = bool(
        *processes.agree([processes.leads and prepare_run(folder, job.config, defaults, FREE_SETTINGS)])
    )
    reached = _resume(network, settings, last) if resumes else TrainingState()
    started = reached.epoch
    earlier = [epoch for epoch in read_history(history) if epoch["epoch"] <= reached.epoch]
    if processes.leads:
        write_history(history, earlier)
    events = stack.enter_context(closing(EventLog(folder / "events", earlier))) if processes.leads else None
    films = matched_films(data.train, data.pieces)
    task = MatcherTask(
        network,
        films,
        settings,
        augmentation=Augmentation(
            settings.feature_noise, settings.token_dropout, settings.word_masking, data.pieces.mask
        ),
        validation=matched_films(data.val, data.pieces),
        content=data.pieces.content(),
        modalities=names_of(settings.modalities),
    )
    weigh = weighing_of(settings, folder, started, processes, progress)
    weighing = weigh(task) if weigh else None
    for record in fit(task, settings, state=reached, processes=processes, weighing=weighing):
        if events is None:
            continue
        append_history(history, asdict(record))
        events.append(asdict(record))
        checkpoint = _checkpoint(job, network, record)
        if reached.best_epoch == record.epoch:
            write_matcher_checkpoint(best, checkpoint)
        write_matcher_checkpoint(last, replace(checkpoint, training=asdict(reached)))
        on_epoch(record)
    changed = reached.epoch > started
    return MatcherTrainReport(
        run=job.run,
        done=[job.run] if changed else [],
        unchanged=[] if changed else [job.run],
        written=[str(folder)],
        pairs=sum(int(film.matches.sum()) for film in films),
        parameters=parameter_count(network),
        epochs=reached.epoch,
        best_epoch=reached.best_epoch,
        recall=max(reached.best_score, 0.0) if reached.best_epoch else None,
        device=str(network.log_scale.device),
        cost=cost_of(settings, len(task.film_ids)),
        notes=[processes.mixture] if processes.mixture else [],
    )


def _checkpoint(job: _Job, network: Matcher, record: MatcherEpoch) -> MatcherCheckpoint:
    source, pieces = job.data.source, job.data.pieces
    scaling = _scaling_of(each_source(source))
    return MatcherCheckpoint(
        settings=job.settings.to_dict(),
        shape=shape_as_json(network.shape),
        epoch=record.epoch,
        scores=record.scores,
        network=network.state_dict(),
        video=job.settings.modalities or job.settings.video,
        sources=source.identities,
        mean=torch.from_numpy(scaling.mean),
        deviation=torch.from_numpy(scaling.deviation),
        vocabulary=pieces.words if isinstance(pieces, Vocabulary) else (),
        pieces=pieces.digest if isinstance(pieces, WordPieces | StoredWords) else "",
        training={},
    )


def _resume(network: Matcher, settings: MatcherSettings, path: Path) -> TrainingState:
    """Continue from a checkpoint; raises InputError where it is not one of this run."""
    checkpoint = read_matcher_checkpoint(path)
    try:
        network.load_state_dict(checkpoint.network)
        state = TrainingState(**checkpoint.training)
        if state.epoch:
            check_state(network, settings, state)
    except (RuntimeError, LookupError, AttributeError, TypeError, ValueError, OverflowError) as error:
        remedy = "start the run again with `force`"
        raise InputError(path, "cannot be continued: it holds another network's state", remedy) from error
    return state


def _embed(job: _Job, device: torch.device, progress: Progress) -> list[Failure]:
    """Write the embeddings of all films that have clips, snippets and features."""
    path = choose_checkpoint(job.corpus.run(job.run), CheckpointChoice.AUTO)
    with_both = set(job.corpus.clip_ids()) & set(job.corpus.snippet_ids())
    ids = sorted(with_both & set(job.data.source.ids()))
    matcher = open_trained(path, device, job.corpus)
    return write_embeddings(job.corpus, job.run, matcher, job.data.source, ids, progress)
