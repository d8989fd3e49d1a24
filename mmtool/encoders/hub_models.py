"""Models of transformers' hub: from a local folder, else from the cache, else from the network."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import transformers
from huggingface_hub.constants import ENDPOINT

from mmtool.encoders.weights import RANDOM, reachable
from mmtool.errors import InputError

hub: Any = transformers  # some of its functions are untyped
Loaded = TypeVar("Loaded")
Load = Callable[[bool], Loaded]


def fetch(name: str, load: Load[Loaded], *, remedy: str) -> Loaded:
    """Return ``load(local)`` of what ``name`` is: a folder or a hub's name; quick to give up offline.

    ``local`` says whether files must all be here. Raises InputError.
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
            problem = "no local folder, no published model found here, and the download failed"
        else:
            problem = f"holds no model that transformers can load ({type(error).__name__})"
        raise InputError(name, problem, remedy) from error


def require_tensors(name: str, report: Mapping[str, Any], *, unused: tuple[str, ...], remedy: str) -> None:
    """Raise InputError for the first tensor that the files lack, but for those that start like ``unused``."""
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(name, f"has no tensor {missing[0]}", remedy)


def require_vocabulary(name: str, tokenizer: Any, *, remedy: str) -> None:
    """Raise InputError for the tokenizer that transformers makes up where the files are missing."""
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        raise InputError(name, "has no vocabulary, neither tokenizer.json nor vocab.txt", remedy)


def config_of(name: str | None, default: Any, *, published: str, option: str) -> Any:
    """The form of untrained weights: ``default`` for the published model, else a folder's config.json."""
    if name in (None, published):
        return default()
    if (Path(name) / "config.json").is_file():
        try:
            return hub.AutoConfig.from_pretrained(name, local_files_only=True)
        except Exception as error:  # whatever transformers raises on foreign files
            problem = f"has a config.json that transformers cannot read ({type(error).__name__})"
            raise InputError(name, problem, f"leave out {option}") from error
    remedy = f"leave out {option} for random weights in the form of {published}"
    raise InputError(name, "is no local folder with a config.json", remedy)


def untrained(build: Callable[[], Any], seed: int) -> Any:
    """What ``build`` makes of random numbers under ``seed``, in evaluation mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return build().float().eval()


def require_choice(weights: str | None, *, encoder: str, remedy: str) -> None:
    """Raise InputError for weights other than the model's own (None) and random ones."""
    if weights not in (None, RANDOM):
        raise InputError(weights, f"is no choice of weights for a {encoder} encoder", remedy)


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and warnings."""
    logging = hub.utils.logging
    bars, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
