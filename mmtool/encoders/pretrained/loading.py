"""Networks of transformers with what prepares their inputs, trained or untrained."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmtool.choices import Modality
from mmtool.encoders.contract import EncoderOptions
from mmtool.encoders.hub_models import (
    config_of,
    fetch_network,
    hub,
    model_remedy,
    quiet,
    require_choice,
    untrained,
)
from mmtool.encoders.weights import RANDOM, weights_digest
from mmtool.errors import InputError

REMEDY = model_remedy(Modality.VIDEO)


@dataclass(frozen=True, slots=True)
class Kind:
    """Models that one encoder reads.

    Attributes:
        what: What they are, for messages.
        published: The default model.
        config: The class of its configuration, for random weights.
        preparers: What prepares the inputs of untrained models, by type of model.
        loads: The class of transformers that loads what prepares inputs.
        unused: How the names of tensors begin that files may lack.
        file: Where a folder says how inputs are prepared.
        arguments: Those of the preparer of untrained models, by their configuration.
    """

    what: str
    published: str
    config: str
    preparers: Mapping[str, str]
    loads: str
    unused: tuple[str, ...] = ()
    file: str = "preprocessor_config.json"
    arguments: Callable[[Any], Mapping[str, Any]] = lambda _: {}


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A network in evaluation mode, what prepares its inputs, and the identity of its weights."""

    network: Any
    prepare: Any
    weights: str

    @property
    def type(self) -> str:
        return str(self.network.config.model_type)


def load_pretrained(kind: Kind, options: EncoderOptions) -> Pretrained:
    """Load the model of the options by hub name or local folder; None is the published one.

    With ``weights="random"``, a folder needs only ``config.json``. Raises InputError for a model of another
    type, and for files that are missing or damaged.
    """
    name, weights, seed = options.model, options.weights, options.seed
    require_choice(weights, encoder=kind.what, remedy=REMEDY)
    with quiet():
        if weights == RANDOM:
            config = config_of(
                name, getattr(hub, kind.config), published=kind.published, setting="video_model"
            )
            _require_type(kind, name or kind.published, config)
            network = untrained(lambda: hub.AutoModel.from_config(config), seed)
            return Pretrained(network, _preparer(kind, name, config), f"{RANDOM}:{seed}")
        name = name or kind.published

        network, prepare = fetch_network(
            name,
            lambda local: getattr(hub, kind.loads).from_pretrained(name, local_files_only=local),
            unused=kind.unused,
            remedy=REMEDY,
            check=lambda config: _require_type(kind, name, config),
        )
    return Pretrained(network, prepare, weights_digest(network.state_dict()))


def _preparer(kind: Kind, name: str | None, config: Any) -> Any:
    """What the folder of an untrained model says about its inputs, or the default of its type."""
    if name is not None and (Path(name) / kind.file).is_file():
        return getattr(hub, kind.loads).from_pretrained(name, local_files_only=True)
    return getattr(hub, kind.preparers[config.model_type])(**kind.arguments(config))


def _require_type(kind: Kind, name: str, config: Any) -> None:
    if config.model_type not in kind.preparers:
        known = ", ".join(kind.preparers)
        problem = f"is a model of type {config.model_type}, not a {kind.what} model ({known})"
        raise InputError(name, problem, REMEDY)
