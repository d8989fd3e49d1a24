"""Video and text features in one space, and the similarity of clips and snippets."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mmtool.arrays import Floats
from mmtool.choices import Modality
from mmtool.errors import CallError, InputError
from mmtool.features.joined import JoinedFeatures, open_joined
from mmtool.features.similarity import cosine_similarity, standardised
from mmtool.formats.corpus import Corpus
from mmtool.formats.timing_parameters import UsedFeatures
from mmtool.records import Clip, EncoderIdentity, Snippet

SPACE = "space"  # the encoder setting that names the space of its features


@dataclass(frozen=True, slots=True)
class FeaturePair:
    """Open features of both modalities, and their names."""

    video_name: str
    text_name: str
    video: JoinedFeatures
    text: JoinedFeatures

    def similarity(self, id: str, clips: list[Clip], snippets: list[Snippet]) -> Floats:
        """Standardised cosine similarity (M, N); raises InputError for features of other clips or texts."""
        self.video.check_clips(id, clips)
        self.text.check_snippets(id, snippets)
        try:
            return standardised(cosine_similarity(self.text.parts(id)[0], self.video.parts(id)[0]))
        except ValueError as error:
            raise InputError(
                self.text.files[0].path,
                f"{error}, in {id!r}",
                "name the features of one encoder, such as clip",
            ) from error

    def recipe(self, id: str) -> list[str]:
        """What the similarity of one id is computed from."""
        return [
            self.video.header.digest,
            self.video.recipe(id),
            self.text.header.digest,
            self.text.recipe(id),
        ]

    def origin(self, id: str) -> list[str]:
        """Digests of the encoders of both modalities."""
        del id  # it is the same for all
        return [self.video.header.digest, self.text.header.digest]

    def used(self) -> dict[Modality, UsedFeatures]:
        """What a run that is trained with these features records of them."""
        return {
            modality: UsedFeatures(name=name, digest=header.digest, description=header.describe())
            for modality, name, header in (
                (Modality.VIDEO, self.video_name, self.video.header),
                (Modality.TEXT, self.text_name, self.text.header),
            )
        }

    def require(self, used: dict[Modality, UsedFeatures]) -> None:
        """Raise CallError if a run was trained with other features."""
        for modality, features in ((Modality.VIDEO, self.video), (Modality.TEXT, self.text)):
            if features.header.digest != used[modality].digest:
                raise CallError(
                    f"{features.files[0].path}: holds {features.header.describe()}, "
                    f"but the run was trained on {used[modality].description}"
                )


@contextmanager
def open_feature_pair(corpus: Corpus, video: str, text: str, *, any_space: bool) -> Iterator[FeaturePair]:
    """Open two files of features that can be compared.

    Two encoders share a space if their setting ``space`` is the same or, where neither has that setting,
    if their model is. A name such as ``clip`` also stands for ``clip-video`` and ``clip-text``.
    ``any_space`` skips this check. Raises CallError for other features, for joined ones, and for projected
    ones, because each modality is normalised separately.
    """
    video, text = _side(corpus, video, Modality.VIDEO), _side(corpus, text, Modality.TEXT)
    with (
        open_joined(corpus, video, Modality.VIDEO) as clips,
        open_joined(corpus, text, Modality.TEXT) as texts,
    ):
        pair = FeaturePair(video, text, clips, texts)
        for features in (clips, texts):
            if len(features.header.sources) != 1:
                raise CallError(
                    f"{features.files[0].path}: joined features cannot be compared; name those of one encoder"
                )
        if not any_space:
            _require_one_space(pair)
        yield pair


def _side(corpus: Corpus, name: str, modality: Modality) -> str:
    """The file that a name stands for if its encoder has one for each modality."""
    of_side = f"{name}-{modality}"
    return of_side if corpus.features(of_side).exists() and not corpus.features(name).exists() else name


def _require_one_space(pair: FeaturePair) -> None:
    video, text = pair.video.header, pair.text.header
    (of_video,), (of_text,) = video.sources, text.sources
    if not in_one_space(of_video, of_text) or video.projection or text.projection:
        raise CallError(
            f"{pair.text.files[0].path}: {text.describe()} and {pair.video.files[0].path.name}: "
            f"{video.describe()} do not share a space; name the features of one encoder, such as clip, "
            "or compare them anyway with `any_space`"
        )


def in_one_space(one: EncoderIdentity, other: EncoderIdentity) -> bool:
    """Whether the features of two encoders can be compared; see :func:`open_feature_pair`."""
    return _space(one) == _space(other)


def _space(source: EncoderIdentity) -> tuple[str, object]:
    return ("space", source.settings[SPACE]) if SPACE in source.settings else ("model", source.model)
