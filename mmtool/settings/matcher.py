"""Settings of ``train`` with the preset ``multiway``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated

from mmtool.choices import Precision
from mmtool.errors import SettingError
from mmtool.fusion_choices import Fusion, Missing
from mmtool.matcher_choices import ClipTokens, MaskFrom, MaskWords, MatcherSize, SelfAttention
from mmtool.settings.blending import (
    BlendChoice,
    BlendEpochs,
    BlendFolds,
    BlendFraction,
    BlendPlan,
    blend_plan,
)
from mmtool.settings.devices import AUTO, check_device
from mmtool.settings.modalities import (
    FusionChoice,
    FusionLayers,
    MissingChoice,
    Modalities,
    check_modalities,
    names_of,
)
from mmtool.settings.options import Option, Settings
from mmtool.settings.train import (
    BatchSize,
    ClipNorm,
    ComputeDevice,
    Dropout,
    EarlyStopping,
    Epochs,
    EpochShare,
    LearningRate,
    NetworkPrecision,
    Seed,
    Threads,
    TrainMeasuresEvery,
    ValidateEvery,
    VideoFeatures,
    WarmupEpochs,
    WeightDecay,
)

MATCHER, MASKS = "Matcher (--preset multiway)", "Soft masks (--preset multiway)"
CORPUS_WORDS = "the words of the training split"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatcherSettings(Settings):
    """The matcher and its training; the defaults are for hundreds of films.

    A run's ``config.json`` and checkpoints store all of them.
    """

    video: VideoFeatures = ""
    clip_tokens: Annotated[
        ClipTokens,
        Option(
            "What the matcher reads of a clip: the regions of its frames (extract --keep-regions), the "
            "features of its frames (extract --keep-frames), or the one feature of the clip.",
            heading=MATCHER,
        ),
    ] = ClipTokens.REGIONS
    regions: Annotated[
        int,
        Option(
            "Most regions of a clip, equally many of each frame, beside the mean of each frame's regions; "
            "0 reads the means only.",
            heading=MATCHER,
            at_least=0,
        ),
    ] = 36
    words: Annotated[
        str,
        Option(
            "A BERT-family model of the hub, or a local folder, whose word pieces the matcher reads and from "
            "whose table of words it starts.",
            heading=MATCHER,
            default=CORPUS_WORDS,
            metavar="NAME|FOLDER",
        ),
    ] = ""
    word_states: Annotated[
        str,
        Option(
            "Text features whose stored states of words (extract --keep-words) the matcher reads. `words` "
            "then names the encoder's model, for texts that are not stored.",
            heading=MATCHER,
            default="none",
            metavar="NAME",
        ),
    ] = ""
    size: Annotated[
        MatcherSize, Option("Size of the Multiway Transformer; base and larger are VLMo's.", heading=MATCHER)
    ] = MatcherSize.SMALL
    attention: Annotated[
        SelfAttention,
        Option("Whether clips and words share attention before they are fused.", heading=MATCHER),
    ] = SelfAttention.SHARED
    dropout: Dropout = 0.1
    drop_path: Annotated[
        float,
        Option(
            "Probability that a sample skips half of the last block; less in earlier ones.",
            heading=MATCHER,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    match_pairs: Annotated[
        int,
        Option(
            "Most true pairs of a batch from which matching is learned, each with two hard negatives; "
            "0 takes all.",
            heading=MATCHER,
            at_least=0,
        ),
    ] = 32
    same_film: Annotated[
        float,
        Option("Share of hard negatives from the same film.", heading=MATCHER, at_least=0, at_most=1),
    ] = 0.5
    focal_gamma: Annotated[
        float,
        Option(
            "How much less easy examples weigh in contrast; 0 is plain contrast.", heading=MATCHER, at_least=0
        ),
    ] = 0.0
    feature_noise: Annotated[
        float,
        Option(
            "Noise on the features of clips, as a share of their standard deviation.",
            heading=MATCHER,
            at_least=0,
        ),
    ] = 0.05
    token_dropout: Annotated[
        float,
        Option(
            "Share of regions that are left out at random.",
            heading=MATCHER,
            at_least=0,
            below=1,
        ),
    ] = 0.1
    word_masking: Annotated[
        float, Option("Share of words that are masked at random.", heading=MATCHER, at_least=0, below=1)
    ] = 0.15
    modalities: Modalities = ""
    fusion: FusionChoice = Fusion.LATE
    fusion_layers: FusionLayers = 2
    missing: MissingChoice = Missing.FAIL
    blend: BlendChoice = "none"
    blend_epochs: BlendEpochs = 0
    blend_folds: BlendFolds = 0
    blend_fraction: BlendFraction = 1.0
    mask_from: Annotated[
        MaskFrom,
        Option(
            "Also match clips of which the half that answers to a word is hidden, by what.", heading=MASKS
        ),
    ] = MaskFrom.NONE
    mask_words: Annotated[
        MaskWords, Option("Words that a mask may be of; content leaves out stop words.", heading=MASKS)
    ] = MaskWords.ALL
    learning_rate: LearningRate = 1e-3
    weight_decay: WeightDecay = 0.05
    warmup_epochs: WarmupEpochs = 4
    epochs: Epochs = 40
    batch_size: BatchSize = 64
    clip_norm: ClipNorm = 2.0
    epoch_share: EpochShare = 1.0
    early_stopping: EarlyStopping = 0
    validate_every: ValidateEvery = 1
    train_measures_every: TrainMeasuresEvery = 0
    seed: Seed = 0
    precision: NetworkPrecision = Precision.FP32
    device: ComputeDevice = AUTO
    threads: Threads = 0

    def check(self) -> None:
        check_device(self.device)
        if self.clip_tokens is not ClipTokens.REGIONS and self.regions != 36:
            raise SettingError(
                "regions", f"has no effect with `clip_tokens={self.clip_tokens}`; leave it out"
            )
        check_modalities(self.modalities, self.fusion, self.fusion_layers, self.missing, video=self.video)
        _ = self.blend_plan
        if self.word_states and self.mask_words is not MaskWords.ALL:
            raise SettingError("mask_words", "has no effect with `word_states`; leave it out")
        if self.mask_words is not MaskWords.ALL and self.mask_from is MaskFrom.NONE:
            raise SettingError("mask_words", "has no effect with `mask_from=none`; leave it out")

    @property
    def blend_plan(self) -> BlendPlan:
        """What ``blend`` asks for."""
        return blend_plan(
            self.blend,
            names_of(self.modalities),
            epochs=self.blend_epochs,
            folds=self.blend_folds,
            fraction=self.blend_fraction,
        )

    def to_dict(self) -> dict[str, object]:
        """Plain JSON values."""
        return {
            name: value if isinstance(value, int | float) else str(value)
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "MatcherSettings":
        """The inverse of :meth:`to_dict`; settings that are missing have their defaults.

        Raises:
            SettingError: A name or value is unknown.
        """
        return cls.chosen(None, values)
