"""Snippets → features of a BERT-family model."""

from torch import Tensor

from mmtool.choices import EncoderPrecision, Pooling
from mmtool.encoders.text_models import load_text_model
from mmtool.encoders.word_encoder import WordEncoder


class BertEncoder(WordEncoder):
    """Pools the last layer's word features of each snippet.

    ``mean``, the default, is over all tokens but padding, the special ones included, as
    sentence-transformers does (Reimers & Gurevych, 2019); ``words`` leaves the special ones out; ``cls``
    is the first token's. Features are not scaled to unit length.
    """

    def __init__(
        self,
        *,
        model: str | None,
        pooling: Pooling | None,
        weights: str | None,
        seed: int,
        batch_size: int,
        precision: EncoderPrecision,
        device: str,
    ) -> None:
        """Load the model; see :func:`mmtool.encoders.text_models.load_text_model` for errors."""
        super().__init__(
            name="bert",
            loaded=load_text_model(model, weights=weights, seed=seed),
            pooling=pooling or Pooling.MEAN,
            batch_size=batch_size,
            precision=precision,
            device=device,
        )

    def _words(self, tokens: Tensor, real: Tensor | None) -> Tensor:
        words: Tensor = self._network(input_ids=tokens, attention_mask=real).last_hidden_state  # (b, L, D)
        return words
