"""Word pieces of a BERT-family model, and its table of words, for a network that learns from there."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from mmtool.encoders.hub_models import fetch, hub, quiet, require_vocabulary
from mmtool.encoders.weights import weights_digest
from mmtool.errors import InputError

REMEDY = "name a BERT-family model of the hub, or its local folder, with `words`"


class WordPieces:
    """The word pieces of a model, [CLS] first and [SEP] last.

    Attributes:
        size: Rows of the table.
        mask: The number of a masked piece.
        digest: Identifies the vocabulary.
    """

    def __init__(self, name: str, *, max_words: int, is_content: Callable[[str], bool]) -> None:
        """Load the tokenizer by hub name or local folder; raises InputError."""

        def load(local: bool) -> object:
            return hub.AutoTokenizer.from_pretrained(name, local_files_only=local)

        with quiet():
            tokenizer = fetch(name, load, remedy=REMEDY)
        require_vocabulary(name, tokenizer, remedy=REMEDY)
        self._tokenizer: object = tokenizer
        if tokenizer.cls_token_id is None or tokenizer.mask_token_id is None:  # type: ignore[attr-defined]
            raise InputError(name, "is not a BERT-family model: its tokens lack [CLS] or [MASK]", REMEDY)
        self._max_words, self._is_content = max_words, is_content
        self.size = len(tokenizer)  # type: ignore[arg-type]
        self.mask: int = tokenizer.mask_token_id  # type: ignore[attr-defined]
        self._unknown: int | None = tokenizer.unk_token_id  # type: ignore[attr-defined]
        self._pieces: list[str] = tokenizer.convert_ids_to_tokens(list(range(self.size)))  # type: ignore[attr-defined]
        encoded = np.frombuffer("\n".join(self._pieces).encode(), dtype=np.uint8).copy()
        self.digest = weights_digest({"pieces": torch.from_numpy(encoded)})

    def rows(self, texts: Sequence[str]) -> tuple[list[list[int]], int]:
        whole = self._tokenizer(list(texts), verbose=False)["input_ids"]  # type: ignore[operator]
        cut = self._tokenizer(list(texts), truncation=True, max_length=self._max_words)  # type: ignore[operator]
        return cut["input_ids"], sum(len(row) > self._max_words for row in whole)

    def names(self, row: Sequence[int] | NDArray[np.float32]) -> list[str]:
        return [self._pieces[number] for number in row]

    def unknown(self, row: Sequence[int] | NDArray[np.float32]) -> float:
        inside = row[1:-1]
        return sum(number == self._unknown for number in inside) / len(inside) if inside else 0.0

    def content(self) -> NDArray[np.bool_]:
        return np.array([self._is_content(piece.removeprefix("##").lower()) for piece in self._pieces])


def table_of_words(name: str, width: int) -> torch.Tensor:
    """The model's table of words (V, d), along its principal directions where it is wider than d.

    A narrower table is filled up with zeros. Raises InputError.
    """

    def load(local: bool) -> object:
        return hub.AutoModel.from_pretrained(name, local_files_only=local)

    with quiet():
        network = fetch(name, load, remedy=REMEDY)
    table = network.get_input_embeddings().weight.detach().float()  # type: ignore[attr-defined]
    if table.shape[1] <= width:
        return torch.nn.functional.pad(table, (0, width - table.shape[1]))
    _, _, directions = torch.linalg.svd(table - table.mean(dim=0), full_matrices=False)
    found: torch.Tensor = table @ directions[:width].T
    return found
