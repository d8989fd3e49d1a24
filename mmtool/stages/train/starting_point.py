"""The weights of another run, from which a training starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmtool.alignment.network.model import AlignmentNetwork
from mmtool.choices import CheckpointChoice, Modality
from mmtool.errors import InputError, SettingError
from mmtool.formats.checkpoints import (
    Checkpoint,
    CheckpointInput,
    checkpoint_digest,
    choose_checkpoint,
    read_checkpoint,
)
from mmtool.formats.corpus import Corpus
from mmtool.records import EncoderIdentity

WITHOUT_WEIGHTS = {"dropout", "lstm_dropout"}  # parts of a network's shape that may differ
REMEDY = "name another run with `init_from`, or use the features and settings of that run"


@dataclass(frozen=True, slots=True)
class StartingPoint:
    """The checkpoint of another run: its best if it stopped early, otherwise its last."""

    path: Path
    digest: str
    checkpoint: Checkpoint

    def load_into(self, network: AlignmentNetwork, inputs: Mapping[Modality, CheckpointInput]) -> None:
        """Copy the weights; the optimiser's state is not copied.

        The network keeps its own ``inputs``: mean and variance are those of its own training split. Raises
        InputError if its encoders, projection or shape differ from the checkpoint's.
        """
        for modality, ours in inputs.items():
            self._check_input(modality, self.checkpoint.inputs[modality], ours)
        ours_by_name = network.shape.to_dict()
        for name, theirs in self.checkpoint.shape.items():
            if name not in WITHOUT_WEIGHTS and ours_by_name.get(name) != theirs:
                raise InputError(
                    self.path,
                    f"its network has {name} {theirs}, but this run has {ours_by_name.get(name)}",
                    REMEDY,
                )
        try:
            network.load_state_dict(self.checkpoint.network)
        except RuntimeError as error:
            problem = "declares a network whose weights it does not hold"
            raise InputError(self.path, problem, REMEDY) from error

    def _check_input(self, modality: Modality, theirs: CheckpointInput, ours: CheckpointInput) -> None:
        if theirs.sources != ours.sources:
            raise InputError(
                self.path,
                f"was trained on the {modality} features of {_described(theirs.sources)}, "
                f"but this run uses those of {_described(ours.sources)}",
                REMEDY,
            )
        if theirs.projection != ours.projection:
            raise InputError(
                self.path,
                f"was trained on {modality} features projected by {theirs.projection or 'nothing'}, "
                f"but this run's are projected by {ours.projection or 'nothing'}",
                REMEDY,
            )


def open_start(corpus: Corpus, init_from: str, run: Path) -> StartingPoint:
    """The run ``init_from``: the name of one of this corpus, or the path of a run's folder (with a ``/``).

    Raises CallError if it has no checkpoint, or is ``run`` itself.
    """
    folder = Path(init_from) if Path(init_from).name != init_from else corpus.run(init_from)
    if folder.resolve() == run.resolve():
        raise SettingError("init_from", f"{init_from} is the run itself; name the new run with `run`")
    path = choose_checkpoint(folder, CheckpointChoice.AUTO)
    return StartingPoint(path, checkpoint_digest(path), read_checkpoint(path))


def _described(sources: tuple[EncoderIdentity, ...]) -> str:
    return " + ".join(f"{source.name} ({source.model}, weights {source.weights})" for source in sources)
