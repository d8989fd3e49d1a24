"""Relative positions where a clip has several sources: a table for each, and constants between them."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmtool.fusion_choices import Fusion
from mmtool.matching.positions import PositionRows
from mmtool.matching.shape import TEXT_OFFSETS, MatcherShape


class SourcePositions(nn.Module):
    """The tables, and the biases of attention that they give to each layer.

    The table of a source has the rows of :class:`~mmtool.matching.positions.PositionRows` for its frames, and
    two constants: from text to it and back. That of words is shared. Where all sources are read together, a
    constant for each pair of them is added. Columns are heads × layers.
    """

    def __init__(self, shape: MatcherShape) -> None:
        super().__init__()
        self._layers, self._heads = shape.layers, shape.heads
        self._grids = [PositionRows(1, source.frames) for source in shape.sources]
        columns, count = shape.heads * shape.layers, len(shape.sources)
        self.sources = nn.ParameterList(nn.Parameter(torch.zeros(g.clip + 2, columns)) for g in self._grids)
        self.text = nn.Parameter(torch.zeros(2 * TEXT_OFFSETS, columns))
        together = shape.fusion is Fusion.MID
        self.across = nn.Parameter(torch.zeros(count, count, columns)) if together else None

    def biases(self, words: int, cells: Mapping[int, Tensor]) -> list[Tensor]:
        """What is added to the logits of attention, for each layer (B or 1, H, S, S).

        Args:
            words: W, the tokens of the texts, which come first; 0 without texts.
            cells: The cells (B, R, 2) of the tokens of the sources that follow, by their numbers.
        """
        kinds: list[tuple[int | None, int]] = [(None, words)] if words else []
        kinds += [(number, 1 + of.shape[1]) for number, of in cells.items()]
        rows = [
            torch.cat([self._block(one, other, cells) for other in kinds], dim=2)  # (B, S', S, L · H)
            for one in kinds
        ]
        found = torch.cat(rows, dim=1)
        found = found.view(*found.shape[:3], self._layers, self._heads).permute(3, 0, 4, 1, 2)
        return list(found.unbind())

    def _block(
        self, one: tuple[int | None, int], other: tuple[int | None, int], cells: Mapping[int, Tensor]
    ) -> Tensor:
        """Between queries of one kind and keys of another, (B or 1, S', S, L · H)."""
        (query, height), (key, width) = one, other
        count = max((len(of) for of in cells.values()), default=1)
        if query is None and key is None:
            first = PositionRows(1, 1)
            rows = first.of_text(height, self.text.device) - first.clip - 2
            of_text: Tensor = nn.functional.embedding(rows, self.text)
            return of_text.expand(count, -1, -1, -1)
        if query is not None and query == key:
            rows = self._grids[query].of_clip(cells[query])
            of_clip: Tensor = nn.functional.embedding(rows, self.sources[query])
            return of_clip
        if query is None and key is not None:
            constant: Tensor = self.sources[key][-2]
        elif query is not None and key is None:
            constant = self.sources[query][-1]
        elif self.across is not None and query is not None and key is not None:
            constant = self.across[query, key]
        else:
            raise ValueError("sources that are not read together")
        return constant.expand(count, height, width, -1)


def source_biases(
    positions: SourcePositions | None, padding: Tensor, words: int, cells: Mapping[int, Tensor], layers: int
) -> Sequence[Tensor]:
    """The biases of all layers with padding (B, 1, 1, S) added."""
    if positions is None:
        return [padding.expand(-1, -1, padding.shape[-1], -1)] * layers
    return [bias + padding for bias in positions.biases(words, cells)]
