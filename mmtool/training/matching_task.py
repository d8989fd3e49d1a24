"""The training of the matcher: contrast of clips and snippets, matching of pairs, softly masked pairs."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mmtool.fusion_choices import JOINT
from mmtool.matcher_choices import MaskFrom, MaskWords
from mmtool.matching.augmentation import Augmentation
from mmtool.matching.blocks import PairAttention
from mmtool.matching.films import Gathering, MatchedFilm, epoch_gatherings
from mmtool.matching.fused import FusedMatcher
from mmtool.matching.inputs import Words, pad_texts
from mmtool.matching.losses import contrastive_loss, matching_loss
from mmtool.matching.model import MATCH, Matcher
from mmtool.matching.negatives import NONE, draw_negatives
from mmtool.matching.recall import recalls
from mmtool.matching.soft_masks import compensated
from mmtool.matching.source_inputs import AnyClip, pad
from mmtool.matching.word_maps import draw_words, word_maps
from mmtool.settings.matcher import MatcherSettings
from mmtool.training.diagnostics import Diagnosis
from mmtool.training.epochs import MatcherEpoch
from mmtool.training.matching_batches import NO_ROWS, MatcherBatch, in_order, place_of, rows_of_windows
from mmtool.training.probing import TRAIN, VALIDATION, few_of
from mmtool.training.processes import Processes
from mmtool.training.task import Part, Place, Unobserved, mean

CONTRAST, MATCHING, MASKED = "contrast", "matching", "masked"
CLIPS, SNIPPETS, NEGATIVES, MASKS = range(4)  # what chance is used for


class MatcherTask:
    """The matcher, the films that it learns from, and those that it is measured on.

    Every process knows all films. It embeds the clips and snippets of its own windows, computes the contrast
    of all embeddings, and matches its share of the pairs. Chance depends on the seed, the epoch and the place
    of a clip, snippet or batch only, dropout apart, so that two processes do what one does.

    Args:
        network: The matcher, on its device.
        films: The training films.
        settings: The settings of the training.
        augmentation: How clips and snippets are changed.
        validation: The validation films; they may be none.
        content: (V,): which words of the vocabulary a mask may be of; None for all.
        modalities: The names of the sources, where the network has heads for each; their losses and that of
            the joint branch have ``weights``.
        only: The branch to compute, if not all.
    """

    def __init__(
        self,
        network: Matcher,
        films: Sequence[MatchedFilm],
        settings: MatcherSettings,
        *,
        augmentation: Augmentation,
        validation: Sequence[MatchedFilm] = (),
        content: NDArray[np.bool_] | None = None,
        modalities: Sequence[str] = (),
        only: str = "",
    ) -> None:
        self.network = network
        self.branches = (*modalities, JOINT) if network.shape.branches else (JOINT,)
        self.weights = dict.fromkeys(self.branches, 1.0)
        self._only = only
        self._films = self._all = films
        self._validation = validation
        self._settings, self._augmentation = settings, augmentation
        self._content = content if settings.mask_words is MaskWords.CONTENT else None
        self._gatherings: tuple[int, list[Gathering]] = (-1, [])  # of an epoch

    def batches(self, epoch: int, _: Processes) -> Iterator[MatcherBatch]:
        """All processes get the same batches, of which each takes its part."""
        return map(MatcherBatch, self._of(epoch))

    def steps(self, epoch: int) -> int:
        return len(self._of(epoch))

    def _of(self, epoch: int) -> list[Gathering]:
        if self._gatherings[0] != epoch:
            batch_size, seed = self._settings.batch_size, self._settings.seed
            found = epoch_gatherings(self._films, batch_size=batch_size, seed=seed, epoch=epoch)
            self._gatherings = epoch, found
        return self._gatherings[1]

    def parts(self, batch: MatcherBatch, place: Place) -> dict[str, Part]:
        """The terms of each branch's loss: contrast, matching and, if there are masks, masked.

        Nothing is augmented or masked in evaluation mode.
        """
        wanted = [self._only] if self._only else self.branches
        numbers = [self._number(branch) for branch in wanted]
        embedded = zip(wanted, numbers, self._embeddings(batch, place, numbers), strict=True)
        parts = {}
        for branch, number, (clips, texts) in embedded:
            weight = self.weights[branch]
            for name, part in self._of_branch(number, batch, clips, texts, place).items():
                known = name if branch == JOINT else f"{name} of {branch}"
                parts[known] = replace(part, weight=weight, branch=branch)
        return parts

    def _number(self, branch: str) -> int:
        return self.network.joint if branch == JOINT else self.branches.index(branch)

    def _of_branch(
        self, number: int, batch: MatcherBatch, clips: Tensor, texts: Tensor, place: Place
    ) -> dict[str, Part]:
        """The terms of one branch's loss, from its embeddings of all clips (N, d) and snippets (M, d)."""
        scale = self.network.head_of(number).scale
        if not place.processes.leads:
            scale = scale.detach()  # all compute the same loss: the gradient is to be counted once
        logits = scale * (clips @ texts.T)
        positives = torch.from_numpy(batch.gathering.positives).to(logits.device)
        contrast = contrastive_loss(logits, positives, gamma=self._settings.focal_gamma)
        pairs, match = self._pairs(batch, logits, place)
        count = logits.new_tensor(float(len(batch.gathering.own)))
        parts = {
            CONTRAST: Part(contrast * place.processes.count, torch.stack([contrast.detach() * count, count]))
        }
        return parts | self._matching(number, batch, pairs, match, place)

    def _embeddings(
        self, batch: MatcherBatch, place: Place, numbers: Sequence[int]
    ) -> list[tuple[Tensor, Tensor]]:
        """Each branch's embeddings of all clips (N, d) and snippets (M, d); only the own have a gradient."""
        count, rank = place.processes.count, place.processes.rank
        starts = rows_of_windows([len(window.clips) for window in batch.gathering.windows])
        clip_rows = [np.concatenate(starts[other::count] or [NO_ROWS]) for other in range(count)]
        starts = rows_of_windows([len(window.snippets) for window in batch.gathering.windows])
        text_rows = [np.concatenate(starts[other::count] or [NO_ROWS]) for other in range(count)]
        device, width = self.network.log_scale.device, self.network.shape.width
        clips = texts = [torch.zeros(0, width, device=device) for _ in numbers]
        if len(clip_rows[rank]):
            own = pad([self._clip(batch, int(row), place.epoch) for row in clip_rows[rank]])
            clips = self.network.clips_by_branch(own.to(device), numbers)
        if len(text_rows[rank]):
            words = pad_texts([self._words(batch, int(row), place.epoch) for row in text_rows[rank]])
            texts = self.network.texts_by_branch(words.to(device), numbers)
        return [
            (
                in_order(place.processes.gather(ours, [len(rows) for rows in clip_rows]), clip_rows),
                in_order(place.processes.gather(theirs, [len(rows) for rows in text_rows]), text_rows),
            )
            for ours, theirs in zip(clips, texts, strict=True)
        ]

    def _pairs(
        self, batch: MatcherBatch, logits: Tensor, place: Place
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """This process's share of the pairs (P, 2) of clips and snippets, and which belong together (P,)."""
        gathering, share = batch.gathering, self._settings.same_film
        dice = self._dice(NEGATIVES, place.epoch, place.batch)
        own = gathering.own
        if 0 < self._settings.match_pairs < len(own):
            own = own[np.sort(dice.permutation(len(own))[: self._settings.match_pairs])]
        fits = logits.detach().double().cpu().numpy()
        positives, same_film = gathering.positives, gathering.same_film
        texts = draw_negatives(fits, positives, same_film, own[:, 0], share=share, dice=dice)
        clips = draw_negatives(fits.T, positives.T, same_film.T, own[:, 1], share=share, dice=dice)
        pairs = np.concatenate([own, np.stack([own[:, 0], texts], 1), np.stack([clips, own[:, 1]], 1)])
        match = np.arange(len(pairs)) < len(own)
        there = (pairs != NONE).all(axis=1)
        mine = slice(place.processes.rank, None, place.processes.count)
        return pairs[there][mine], match[there][mine]

    def _matching(
        self,
        number: int,
        batch: MatcherBatch,
        pairs: NDArray[np.int64],
        match: NDArray[np.bool_],
        place: Place,
    ) -> dict[str, Part]:
        device = self.network.log_scale.device
        none = Part(torch.zeros((), device=device), torch.zeros(3, device=device))
        is_joint = number == self.network.joint
        masks = is_joint and self.network.training and self._settings.mask_from is not MaskFrom.NONE
        if not len(pairs):
            return {MATCHING: none, **({MASKED: none} if masks else {})}
        clips = pad([self._clip(batch, int(clip), place.epoch) for clip in pairs[:, 0]]).to(device)
        words = [self._words(batch, int(text), place.epoch) for text in pairs[:, 1]]
        texts = pad_texts(words).to(device)
        clips = self.network.visible(clips) if is_joint else clips
        attention = PairAttention() if masks else None
        logits = self.network.match_by_branch(clips, texts, number, attention)
        truth = torch.from_numpy(match).to(device)
        loss, right = matching_loss(logits, truth), (logits.argmax(dim=1) == MATCH) == truth
        count = logits.new_tensor(float(len(pairs)))
        parts = {MATCHING: Part(loss / count, torch.stack([loss.detach(), right.sum(), count]))}
        if attention is None:
            return parts
        chosen = np.flatnonzero(match)
        parts[MASKED] = none
        if not attention.passes or not len(chosen):
            return parts
        rows = torch.from_numpy(chosen).to(device)
        # each pair has its own chance, which is the same whichever process has the pair
        dice = [self._dice(MASKS, place.epoch, place.batch, *map(int, pairs[row])) for row in chosen]
        chances = np.array([own.random() for own in dice])
        if self._settings.mask_from is MaskFrom.RANDOM:
            maps = _random_maps(dice, texts.real[rows], clips.real[rows])
        else:
            maps = word_maps(logits, attention, texts.real.shape[1], self._settings.mask_from)[rows]
        allowed = self._maskable([words[row] for row in chosen], maps.shape[1])
        found, word = draw_words(maps, allowed, chances)
        if not len(found):
            return parts
        found_rows = rows[torch.from_numpy(found).to(device)]
        some = clips[found_rows]
        masks_of = compensated(maps[torch.from_numpy(found), torch.from_numpy(word)], some.real)
        kept = (1 - masks_of).float()
        masked = self.network.match_pairs(some, texts[found_rows], kept=kept)
        loss = matching_loss(masked, truth.new_ones(len(found)))
        count, sought = loss.new_tensor(float(len(found))), loss.new_tensor(float(len(chosen)))
        parts[MASKED] = Part(loss / count, torch.stack([loss.detach(), sought, count]))
        return parts

    def _maskable(self, words: Sequence[Words], longest: int) -> NDArray[np.bool_]:
        """(P, W): the words that a mask may be of, never the first and the last token."""
        allowed = np.zeros((len(words), longest), bool)
        for row, each in enumerate(words):
            inside = slice(1, max(1, len(each) - 1))
            allowed[row, inside] = True
            if self._content is not None:
                allowed[row, inside] = self._content[np.asarray(each)[inside]]
        return allowed

    def _clip(self, batch: MatcherBatch, row: int, epoch: int) -> AnyClip:
        if row not in batch.clips:
            film, clip = place_of(batch.gathering, row, clips=True)
            found = self._films[film].clips[clip]
            dice = self._dice(CLIPS, epoch, film, clip)
            batch.clips[row] = self._augmentation.clip(found, dice) if self.network.training else found
        return batch.clips[row]

    def _words(self, batch: MatcherBatch, row: int, epoch: int) -> Words:
        if row not in batch.words:
            film, snippet = place_of(batch.gathering, row, clips=False)
            found = self._films[film].words[snippet]
            dice = self._dice(SNIPPETS, epoch, film, snippet)
            batch.words[row] = self._augmentation.words(found, dice) if self.network.training else found
        return batch.words[row]

    def _dice(self, *use: int) -> np.random.Generator:
        return np.random.default_rng([self._settings.seed, *use])

    def films(self, batch: MatcherBatch) -> str:
        return ", ".join(dict.fromkeys(self._films[window.film].id for window in batch.gathering.windows))

    def observer(self, _: Processes) -> Unobserved:
        return Unobserved()

    def leave_out(self, modalities: Collection[str]) -> None:
        if isinstance(self.network, FusedMatcher):
            self.network.leave_out([self.branches.index(name) for name in modalities])

    @property
    def film_ids(self) -> list[str]:
        """The films that have something to learn."""
        return [film.id for film in self._films if film.matches.any()]

    def of_films(self, films: Iterable[str]) -> "MatcherTask":
        return self._with(self._chosen(films), self.network)

    def alone(self, branch: str, films: Iterable[str]) -> "MatcherTask":
        return self._with(self._chosen(films), deepcopy(self.network), only=branch)

    def comparable(self, films: Sequence[str], others: Sequence[str]) -> Sequence[str]:
        """As many as the others: contrast is the harder the more clips and snippets there are."""
        return few_of(films, len(others))

    def _chosen(self, films: Iterable[str]) -> list[MatchedFilm]:
        wanted = set(films)
        return [film for film in self._all if film.id in wanted]

    def _with(self, films: Sequence[MatchedFilm], network: Matcher, *, only: str = "") -> "MatcherTask":
        """The same branches, with other films."""
        task = MatcherTask(
            network,
            films,
            self._settings,
            augmentation=self._augmentation,
            content=self._content,
            modalities=self.branches[:-1],
            only=only or self._only,
        )
        task._all = self._all
        return task

    def probes(self) -> "dict[str, MatcherTask]":
        """The contrast and matching of both; what masks hide depends on gradients and is left out."""
        if not self._validation:
            return {}
        some = few_of(self._films, len(self._validation))
        return {TRAIN: self._with(some, self.network), VALIDATION: self._with(self._validation, self.network)}

    def shares_of_updates(self) -> dict[nn.Parameter, float]:
        """The sum of the weights of the branches that reach a parameter."""
        if not isinstance(self.network, FusedMatcher) or len(self.branches) == 1 or self._only:
            return {}
        shares = {
            parameter: sum(self.weights[self.branches[number]] for number in numbers)
            for parameter, numbers in self.network.reached_by().items()
        }
        return {parameter: share for parameter, share in shares.items() if share < 1 - 1e-9}

    def validated(self) -> dict[str, float] | None:
        if not self._validation:
            return None
        found = recalls(self.network, self._validation)
        return {
            "clip_recall": found.clips,
            "snippet_recall": found.snippets,
            "film_clip_recall": found.clips_in_film,
            "film_snippet_recall": found.snippets_in_film,
        }

    def remeasured(self) -> dict[str, float] | None:
        found = recalls(self.network, self._films)
        return {"train_clip_recall": found.clips, "train_snippet_recall": found.snippets}

    def record(
        self,
        totals: Mapping[str, list[float]],
        measured: Mapping[str, Any],
        *,
        epoch: int,
        learning_rate: float,
        seconds: float,
        diagnostics: Diagnosis,
    ) -> MatcherEpoch:
        matching, masked = totals[MATCHING], totals.get(MASKED)
        return MatcherEpoch(
            epoch=epoch,
            loss=sum(mean(totals[name]) for name in (CONTRAST, MATCHING, MASKED) if name in totals),
            learning_rate=learning_rate,
            seconds=seconds,
            diagnostics=diagnostics,
            contrastive_loss=mean(totals[CONTRAST]),
            matching_loss=mean(matching),
            matching_accuracy=matching[1] / matching[-1] if matching[-1] else 0.0,
            masked_loss=mean(masked) if masked else None,
            masked_share=masked[-1] / masked[1] if masked and masked[1] else None,
            **measured,
        )


def _random_maps(dice: Sequence[np.random.Generator], words: Tensor, tokens: Tensor) -> Tensor:
    """Maps (P, W, R) by chance, each pair's own, of real words (P, W) and tokens (P, R) alone."""
    maps = np.zeros((len(dice), words.shape[1], tokens.shape[1]))
    sizes = zip(words.sum(dim=1).tolist(), tokens.sum(dim=1).tolist(), strict=True)
    for own, chance, (long, many) in zip(maps, dice, sizes, strict=True):
        own[:long, :many] = chance.random((long, many))
    return torch.from_numpy(maps).to(words.device)
