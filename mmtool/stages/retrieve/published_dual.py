"""A published dual encoder: stored features of clips and snippets, and words that are embedded on demand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmtool.choices import Modality
from mmtool.encoders.contract import TextEncoder
from mmtool.errors import CallError, InputError, SettingError
from mmtool.formats.clips import read_clips
from mmtool.formats.corpus import Corpus
from mmtool.formats.embedding_index import EmbeddingIndex, open_index, unit_vectors
from mmtool.formats.features import FeaturesFile, FeaturesHeader, open_features
from mmtool.formats.snippets import read_snippets
from mmtool.records import EncoderIdentity, Failure, Progress
from mmtool.settings.extract import ExtractSettings
from mmtool.settings.retrieve import RetrieveSettings
from mmtool.stages.extract import extract
from mmtool.stages.shared.encoders import make_text_encoder

SPACE = "space"  # the setting of encoders whose clips and snippets can be compared


class PublishedDual:
    """The two sides of a published model; features are extracted where they are missing."""

    def __init__(
        self, corpus: Corpus, kind: str, model: str | None, settings: RetrieveSettings, progress: Progress
    ) -> None:
        """Load the encoder of texts; raises SettingError for a model whose two sides share no space."""
        self._corpus, self._kind, self._model = corpus, kind, model
        self._settings, self._progress = settings, progress
        self.failures: list[Failure] = []
        try:
            self.encoder: TextEncoder = make_text_encoder(
                self._extract_settings(text_encoder=kind, text_model=model)
            )
        except InputError as error:
            remedy = "set `encoder` to another dual encoder, or to the local folder of one"
            raise InputError(error.path, error.problem, remedy) from error
        if SPACE not in self.encoder.identity.settings:
            raise SettingError("encoder", f"cannot be {kind}, whose clips and snippets cannot be compared")
        self.name = f"{kind} ({self.encoder.identity.model})"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors (Q, E) of texts."""
        return unit_vectors(self.encoder.encode(texts))

    def unknown(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The share (Q,) of each text that the vocabulary does not know."""
        return self.encoder.unknown(texts)

    def clips(self) -> EmbeddingIndex:
        """The embeddings of all clips of the corpus."""
        return self._index(Modality.VIDEO, self._corpus.clip_ids())

    def snippets(self) -> EmbeddingIndex:
        """The embeddings of all snippets of the corpus."""
        return self._index(Modality.TEXT, self._corpus.snippet_ids())

    def _index(self, modality: Modality, ids: Sequence[str]) -> EmbeddingIndex:
        if not ids:
            folder = "clips" if modality is Modality.VIDEO else "snippets"
            raise CallError(f"{self._corpus.root}: no {folder} in {folder}/; run `mmtool segment` first")
        return open_index(self._stored(modality, ids)).only(ids)

    @property
    def frames(self) -> int:
        """Frames per clip: those asked for, otherwise those of stored features."""
        if self._settings.frames is not None:
            return self._settings.frames
        for path in self._places(Modality.VIDEO):
            if path.exists():
                with open_features(path) as features:
                    if self._fits(features.header, Modality.VIDEO):
                        return int(features.header.sources[0].settings.get("frames", 1))
        return 1

    def _places(self, modality: Modality) -> tuple[Path, Path]:
        """Where this model's features may be stored: another model of its kind may have the first name."""
        digest = str(self.encoder.identity.settings[SPACE])[-8:]
        names = f"{self._kind}-{modality}", f"{self._kind}-{digest}-{modality}"
        return self._corpus.features(names[0]), self._corpus.features(names[1])

    def _stored(self, modality: Modality, ids: Sequence[str]) -> Path:
        """The features file of a modality, with what is missing in it extracted."""
        places = self._places(modality)
        for path in places:
            if not path.exists():
                return self._extract(modality, path.stem, self._settings.frames)
            with open_features(path) as features:
                if not self._fits(features.header, modality):
                    continue
                frames = features.header.sources[0].settings.get("frames")
                is_complete = all(self._has(features, modality, id) for id in ids)
            if is_complete:
                return path
            return self._extract(modality, path.stem, None if frames is None else int(frames))
        with open_features(places[-1]) as features:
            held = features.header.describe()
        raise CallError(
            f"{places[-1]}: holds {held}; leave out `frames`, or delete the file to make it again"
        )

    def _fits(self, header: FeaturesHeader, modality: Modality) -> bool:
        """Whether stored features are this model's."""
        if len(header.sources) != 1 or header.projection:
            return False
        settings, own = header.sources[0].settings, self.encoder.identity.settings
        same = all(settings.get(name) == own.get(name) for name in (SPACE, "precision"))
        frames = self._settings.frames
        return same and (modality is Modality.TEXT or frames is None or settings.get("frames") == frames)

    def _has(self, features: FeaturesFile, modality: Modality, id: str) -> bool:
        """Whether the file has an id's features, of the clips or snippets that it has now.

        A list that has not changed since the features were written is not read again.
        """
        if id not in features:
            return False
        listed = self._corpus.clips(id) if modality is Modality.VIDEO else self._corpus.snippets(id)
        if listed.stat().st_mtime_ns < features.path.stat().st_mtime_ns:
            return True
        group = features.read(id)
        if modality is Modality.VIDEO:
            now = np.array([clip.interval for clip in read_clips(listed)])
            return group.intervals is not None and np.array_equal(group.intervals, now)
        return list(group.snippets or ()) == [snippet.text for snippet in read_snippets(listed)]

    def _extract(self, modality: Modality, name: str, frames: int | None) -> Path:
        chosen: dict[str, object] = {
            f"{modality}_encoder": self._kind,
            f"{modality}_model": self._model,
            f"{modality}_name": name,
        }
        if modality is Modality.VIDEO and frames is not None:
            chosen["frames"] = frames
        report = extract(self._corpus.root, self._extract_settings(**chosen), progress=self._progress)
        self.failures += report.failures
        path = self._corpus.features(name)
        if not path.exists():
            raise CallError(report.failures[0].reason if report.failures else f"{path}: was not written")
        return path

    def _extract_settings(self, **chosen: object) -> ExtractSettings:
        own = {name: getattr(self._settings, name) for name in ("batch_size", "precision", "device")}
        return ExtractSettings.chosen(None, own | chosen)

    @property
    def identity(self) -> EncoderIdentity:
        return self.encoder.identity
