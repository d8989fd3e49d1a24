"""BLIP (Li et al., 2022): words attend to a picture's tokens, and a head says whether the two match.

As in the published evaluation, texts of pairs begin with [ENC] instead of [CLS]; the class of transformers
leaves [CLS] there.
"""

from torch import Tensor

from mmtool.encoders.rerankers.attention import KeysAndValues, additive_mask, attended, keys_and_values
from mmtool.encoders.rerankers.contract import RerankerOptions
from mmtool.encoders.rerankers.embedding_matcher import EmbeddingMatcher
from mmtool.encoders.rerankers.explaining import ExplainingMatcher
from mmtool.encoders.rerankers.models import PairModel, Published, load_pair_model
from mmtool.encoders.tokens.batches import Rows
from mmtool.errors import SettingError

BLIP = Published(
    "blip", "BlipForImageTextRetrieval", "Salesforce/blip-itm-base-coco", "BLIP for image–text retrieval"
)
ENC, DEC = "[ENC]", "[DEC]"


class BlipReranker(EmbeddingMatcher, ExplainingMatcher):
    """BLIP for image–text retrieval; its dual encoder projects the first token of a frame and of a text."""

    name = "blip"

    def __init__(self, options: RerankerOptions) -> None:
        """Load the model; raises InputError, and SettingError for a vocabulary without room for [ENC]."""
        loaded = load_pair_model(options.model, BLIP, setting=options.setting)
        self._enc = _enc_id(loaded) if options.enc_token else None
        super().__init__(loaded, options)

    def _settings(self) -> dict[str, str | int | float | bool]:
        return {"enc_token": self._enc is not None}

    def _text_width(self) -> int:
        return int(self._network.config.image_text_hidden_size)

    def _visual(self, pixels: Tensor) -> list[Tensor]:
        return list(self._network.vision_model(pixel_values=pixels).last_hidden_state)

    def _frame_features(self, tokens: Tensor) -> Tensor:
        features: Tensor = self._network.vision_proj(tokens[0])
        return features

    def _text_features(self, rows: Rows) -> Tensor:
        ids, real = self._padded(rows)
        words = self._network.text_encoder(input_ids=ids, attention_mask=real).last_hidden_state
        features: Tensor = self._network.text_proj(words[:, 0])
        return features

    def _context(self, tokens: Tensor, frames: int) -> list[KeysAndValues]:  # noqa: ARG002
        layers = self._network.text_encoder.encoder.layer
        return [keys_and_values(layer.crossattention.self, tokens) for layer in layers]

    def _judged(self, context: list[KeysAndValues], rows: Rows) -> Tensor:
        ids, real = self._padded(rows)
        if self._enc is not None:
            ids[:, 0] = self._enc
        encoder = self._network.text_encoder
        words = encoder.embeddings(input_ids=ids)  # (b, L, D)
        mask = additive_mask(real, words.dtype)
        for layer, clip in zip(encoder.encoder.layer, context, strict=True):
            words, _ = layer.attention(words, attention_mask=mask)
            seen = attended(layer.crossattention.self.query(words), clip)
            words = layer.feed_forward_chunk(layer.crossattention.output(seen, words))
        judged: Tensor = self._network.itm_head(words[:, 0])
        return judged

    def _layers(self) -> int:
        return len(self._network.text_encoder.encoder.layer)

    def _attention(self, tokens: Tensor, row: list[int], layer: int) -> tuple[Tensor, Tensor]:
        ids, real = self._padded([row])
        if self._enc is not None:
            ids[:, 0] = self._enc
        read = self._network.text_encoder(
            input_ids=ids,
            attention_mask=real,
            encoder_hidden_states=tokens[None],
            encoder_attention_mask=real.new_ones(1, len(tokens)),
            output_attentions=True,
        )
        attention: Tensor = read.cross_attentions[layer]
        return attention, self._network.itm_head(read.last_hidden_state[:, 0])[0, 1]


def _enc_id(loaded: PairModel) -> int:
    """The id of [ENC], which published tokenizers lack: it comes after their words and [DEC]."""
    known = loaded.tokenizer.get_vocab()
    found = int(known.get(ENC, max(known.values()) + 1 + (DEC not in known)))
    if found >= loaded.network.config.text_config.vocab_size:
        raise SettingError("blip_enc_token", "is on, but the model has no embedding of [ENC]; turn it off")
    return found
