"""BERT-family models of transformers: from its hub, from a local folder, or with random weights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub.constants import ENDPOINT

from mmtool.encoders.tokens import HashedTokens, Tokens, VocabularyTokens
from mmtool.encoders.weights import RANDOM, reachable, weights_digest
from mmtool.errors import InputError

hub: Any = transformers  # some of its functions are untyped
PUBLISHED = "bert-base-uncased"
REMEDY = f"give a local folder with --text-model PATH, or --text-weights {RANDOM}"
_POOLER = "pooler."  # a head of BERT that no pooling here uses; many published models lack it


@dataclass(frozen=True, slots=True)
class TextModel:
    """A network in evaluation mode, its tokens, and the identity of its weights."""

    network: Any  # transformers' PreTrainedModel
    tokens: Tokens
    weights: str

    @property
    def architecture(self) -> str:
        """The same for a hub's model and its local copy."""
        config = self.network.config
        return f"{config.model_type}-{config.num_hidden_layers}x{config.hidden_size}"


def load_text_model(name: str | None, *, weights: str | None, seed: int) -> TextModel:
    """Load a model by hub name or local folder; None is :data:`PUBLISHED`.

    With ``weights="random"`` the folder need hold no more than ``config.json``, the published
    architecture needs nothing at all, and tokens are hashed words. Raises InputError.
    """
    with _quiet():
        if weights == RANDOM:
            return _random(name, seed)
        if weights is not None:
            raise InputError(weights, "is no choice of weights for a text encoder", REMEDY)
        return _trained(name or PUBLISHED)


def _random(name: str | None, seed: int) -> TextModel:
    if name in (None, PUBLISHED):
        config = hub.BertConfig()
    elif (Path(name) / "config.json").is_file():
        config = hub.AutoConfig.from_pretrained(name, local_files_only=True)
    else:
        remedy = f"leave out --text-model for random weights in the form of {PUBLISHED}"
        raise InputError(name, "is no local folder with a config.json", remedy)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = hub.AutoModel.from_config(config).float().eval()
    tokens = HashedTokens(
        vocabulary=config.vocab_size, pad=config.pad_token_id or 0, positions=config.max_position_embeddings
    )
    return TextModel(network, tokens, f"{RANDOM}:{seed}")


def _trained(name: str) -> TextModel:
    network, report, tokenizer = _fetch(name)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(_POOLER))
    if missing:
        raise InputError(name, f"has no tensor {missing[0]}", REMEDY)
    if tokenizer.cls_token_id is None or tokenizer.pad_token_id is None:
        raise InputError(name, "is not of the BERT family: its tokens have no [CLS] or no padding", REMEDY)
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes up without the files
        raise InputError(name, "has no vocabulary, neither tokenizer.json nor vocab.txt", REMEDY)
    network = network.float().eval()
    tensors = {key: value for key, value in network.state_dict().items() if not key.startswith(_POOLER)}
    tokens = VocabularyTokens(tokenizer, positions=network.config.max_position_embeddings)
    return TextModel(network, tokens, weights_digest(tensors))


def _fetch(name: str) -> tuple[Any, Any, Any]:
    """From the folder, else from the cache, else from the network; quick to give up where there is none."""
    is_folder = Path(name).is_dir()
    try:
        try:
            return _from_pretrained(name, local=True)
        except OSError:
            if is_folder or not reachable(ENDPOINT):
                raise
            return _from_pretrained(name, local=False)
    except Exception as error:  # whatever transformers raises on foreign files
        if isinstance(error, OSError) and not is_folder:
            problem = "no local folder, no published model found here, and the download failed"
        else:
            problem = f"holds no model that transformers can load ({type(error).__name__})"
        raise InputError(name, problem, REMEDY) from error


def _from_pretrained(name: str, *, local: bool) -> tuple[Any, Any, Any]:
    """Network, loading report, tokenizer."""
    network, report = hub.AutoModel.from_pretrained(name, local_files_only=local, output_loading_info=True)
    return network, report, hub.AutoTokenizer.from_pretrained(name, local_files_only=local)


@contextmanager
def _quiet() -> Iterator[None]:
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
