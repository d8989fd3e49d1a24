"""Models of transformers: from a local folder, from the hub's cache, or downloaded."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers
from huggingface_hub.constants import ENDPOINT

from mmtool.choices import Modality
from mmtool.encoders.weights import RANDOM
from mmtool.errors import InputError
from mmtool.reachable import reachable

hub: Any = transformers  # some of its functions are untyped
Loaded = TypeVar("Loaded")
Load = Callable[[bool], Loaded]


def fetch(name: str, load: Load[Loaded], *, remedy: str) -> Loaded:
    """Return ``load(local)`` for a local folder or a model of the hub; gives up quickly without a network.

    ``local`` says whether only files on this machine may be used. Raises InputError.
    """
    is_folder = Path(name).is_dir()
    try:
        try:
            return load(True)
        except OSError:
            if is_folder or not reachable(ENDPOINT):
                raise
            return load(False)
    except InputError:
        raise
    except Exception as error:  # whatever transformers raises on foreign files
        if isinstance(error, OSError) and not is_folder:
            problem = "not a local folder or a model on this machine, and the download failed"
        else:
            problem = f"does not contain a model that transformers can load ({type(error).__name__})"
        raise InputError(name, problem, remedy) from error


def fetch_network(
    name: str,
    rest: Load[Loaded],
    *,
    unused: tuple[str, ...],
    remedy: str,
    check: Callable[[Any], None] = lambda _: None,
    class_name: str = "AutoModel",
) -> tuple[Any, Loaded]:
    """The network of a local folder or of the hub, in fp32 and in evaluation mode, and what belongs to it.

    Args:
        name: The folder or the name.
        rest: Loads what prepares the network's inputs, by whether only files on this machine may be used.
        unused: How the names of tensors begin that files may lack.
        remedy: What to do if that fails.
        check: Raises InputError for a configuration of another kind, or changes it before it is used.
        class_name: The class of transformers that loads the network.

    Raises:
        InputError: If the model does not exist, or its files are incomplete or damaged.
    """

    def load(local: bool) -> tuple[Any, Mapping[str, Any], Loaded]:
        config = hub.AutoConfig.from_pretrained(name, local_files_only=local)
        check(config)
        network, report = getattr(hub, class_name).from_pretrained(
            name, config=config, local_files_only=local, output_loading_info=True
        )
        return network, report, rest(local)

    network, report, others = fetch(name, load, remedy=remedy)
    _require_tensors(name, report, unused=unused, remedy=remedy)
    return network.float().eval(), others


def _require_tensors(name: str, report: Mapping[str, Any], *, unused: tuple[str, ...], remedy: str) -> None:
    """Raise InputError for the first tensor that the files lack, unless its name starts with ``unused``."""
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(name, f"has no tensor {missing[0]}", remedy)


def require_vocabulary(name: str, tokenizer: Any, *, remedy: str) -> None:
    """Raise InputError for the empty tokenizer that transformers makes up if the files are missing."""
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(name, "has no vocabulary (tokenizer.json or vocab.txt)", remedy)


def config_of(name: str | None, default: Any, *, published: str, setting: str) -> Any:
    """The configuration of untrained weights: ``default`` for the published model, or a folder's.

    Raises InputError, whose remedy names ``setting``, the one that holds ``name``.
    """
    if name in (None, published):
        return default()
    if (Path(name) / "config.json").is_file():
        try:
            return hub.AutoConfig.from_pretrained(name, local_files_only=True)
        except Exception as error:  # whatever transformers raises on foreign files
            problem = f"has a config.json that transformers cannot read ({type(error).__name__})"
            raise InputError(name, problem, f"leave out `{setting}`") from error
    remedy = f"leave out `{setting}` for random weights in the form of {published}"
    raise InputError(name, "is not a local folder with a config.json", remedy)


def untrained(build: Callable[[], Any], seed: int) -> Any:
    """The network that ``build`` makes with random numbers under ``seed``, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build().float().eval()


def require_choice(weights: str | None, *, encoder: str, remedy: str) -> None:
    """Raise InputError for weights other than the model's own (None) or random ones."""
    if weights not in (None, RANDOM):
        raise InputError(weights, f"is not a choice of weights for a {encoder} encoder", remedy)


def model_remedy(modality: Modality) -> str:
    """What to do about a model that cannot be loaded."""
    return f"set `{modality}_model` to a local folder, or `{modality}_weights` to {RANDOM}"


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress transformers' progress bars and warnings, and what its classes print while they are built."""
    logging = hub.utils.logging
    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
