"""The alignment network of several sources of a clip, and its branches: each source alone with the text."""

from collections.abc import Collection, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from mmtool.alignment.network.batch import Sequences, Traces
from mmtool.alignment.network.fusion import FusedStack, SourceEncoders
from mmtool.alignment.network.model import WIDTH, ActionHead, AlignmentNetwork, NetworkShape, SequenceStack
from mmtool.fusion_choices import Fusion


class SourceBranch(ActionHead):
    """A head of its own for one source; with fusion before the stacks, also a stack of its own."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.stack = SequenceStack(shape) if shape.fusion in (Fusion.MID, Fusion.SE) else None
        self.make_head(shape, WIDTH)


class FusedNetwork(AlignmentNetwork):
    """Reads several sources of a clip, and decides by all of them.

    With ``shape.heads``, branch *m* decides by source *m* and the text alone. It shares the encoder of its
    source and the text's encoder and stack with the joint network, and with fusion after the stacks its
    stack, too.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.joint = len(shape.sources)  # the number of the branch that sees all sources
        self.branches = nn.ModuleList(SourceBranch(shape) for _ in shape.sources if shape.heads)

    def make_video_encoder(self, shape: NetworkShape) -> nn.Module:
        return SourceEncoders(shape)

    def make_video_stack(self, shape: NetworkShape) -> nn.Module:
        return FusedStack(shape)

    def leave_out(self, numbers: Collection[int]) -> None:
        """Let the joint branch see all sources but these. This is part of the network's state."""
        seen = cast(FusedStack, self.video_stack).seen
        if seen is None:
            raise ValueError("sources without heads cannot be left out")
        seen.copy_(torch.tensor([number not in numbers for number in range(self.joint)]))

    def reached_by(self) -> dict[nn.Parameter, tuple[int, ...]]:
        """The numbers of the branches that learn each parameter."""
        found = {}
        for name, parameter in self.named_parameters():
            part, *rest = name.split(".")
            if part in ("text_encoder", "text_stack"):
                numbers: tuple[int, ...] = tuple(range(self.joint + 1))
            elif part == "branches":
                numbers = (int(rest[0]),)
            elif part == "video_encoder":
                numbers = (int(rest[0]), self.joint)
            elif part == "video_stack" and rest[0] == "stacks" and self.shape.fusion is not Fusion.SE:
                numbers = (int(rest[1]), self.joint)
            else:
                numbers = (self.joint,)
            found[parameter] = numbers
        return found

    def by_branch(
        self, clips: Sequences, snippets: Sequences, traces: Traces, wanted: Sequence[int]
    ) -> list[Tensor]:
        """Teacher forcing: logits (B, T, K) of the wanted branches, each from what it sees alone.

        Args:
            clips: Features of clips, (B, N, D).
            snippets: Features of snippets, (B, M, D).
            traces: The states before each action.
            wanted: Numbers of sources, and :attr:`joint`.
        """
        text, encoders = self.read_snippets(snippets), cast(SourceEncoders, self.video_encoder)
        stack, all_of_them = cast(FusedStack, self.video_stack), self.joint in wanted
        encoded, streams = {}, {}
        for number in range(self.joint):
            if all_of_them or number in wanted:
                encoded[number] = Sequences(encoders.one(number, clips.features), clips.lengths)
        for number, branch in enumerate(self.branches):
            if number in wanted:
                own = cast(SourceBranch, branch).stack
                source = encoded[number]
                streams[number] = stack.stream(number, source) if own is None else own(source)
        logits = []
        for number in wanted:
            if number == self.joint:
                both = torch.cat([source.features for source in encoded.values()], dim=-1)
                shared = stack.fusion in (Fusion.LATE, Fusion.NL) and len(streams) == self.joint
                known = [streams[source] for source in range(self.joint)] if shared else None
                logits.append(self.logits(stack(Sequences(both, clips.lengths), known), text, traces))
            else:
                head = cast(SourceBranch, self.branches[number])
                logits.append(head.logits(streams[number], text, traces))
        return logits


def make_network(shape: NetworkShape) -> AlignmentNetwork:
    """The network of a shape."""
    return FusedNetwork(shape) if shape.sources else AlignmentNetwork(shape)
