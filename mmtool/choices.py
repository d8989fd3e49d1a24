"""Names that a user can choose from; nothing here loads a library."""

from enum import StrEnum


class Modality(StrEnum):
    VIDEO = "video"
    TEXT = "text"


class TextSplit(StrEnum):
    """How texts become snippets: one per line or cue, or split further."""

    NONE = "none"
    SENTENCES = "sentences"
    PHRASES = "phrases"


class TextFormat(StrEnum):
    """What a .txt file holds; auto recognises screenplays by their scene headings."""

    AUTO = "auto"
    PLAIN = "plain"
    SCREENPLAY = "screenplay"
    FOUNTAIN = "fountain"


# The built-in encoders; plug-ins add others, and every classifier of torchvision.models is a video encoder.
VIDEO_ENCODERS = (
    "faster-rcnn-resnet50",
    "faster-rcnn-mobilenet",
    "faster-rcnn-vg",
    "lxmert",
    "clip",
    "timing",
)
TEXT_ENCODERS = ("bert", "lxmert", "clip", "length")


class Pooling(StrEnum):
    """How token features become one snippet feature: mean of all tokens, mean of the words, or the first."""

    MEAN = "mean"
    WORDS = "words"
    CLS = "cls"


class Device(StrEnum):
    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Split(StrEnum):
    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Inputs(StrEnum):
    """What the network reads: randomly projected features, or full ones."""

    RP = "rp"
    FULL = "full"


class Normalisation(StrEnum):
    """Of the stacks: sequence-wise batch norm, layer norm in two or in four stacks, or none."""

    SBN = "sbn"
    LN2 = "2ln"
    LN4 = "4ln"
    NONE = "none"


class Optimizer(StrEnum):
    ADAM = "adam"
    LARS = "lars"


class Precision(StrEnum):
    """Of the network's matrix products in training; weights and updates stay in fp32."""

    FP32 = "fp32"
    BF16 = "bf16"


class EncoderPrecision(StrEnum):
    """Precision of an encoder's matrix products."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class RegionPrecision(StrEnum):
    """Precision of stored region features."""

    FP32 = "fp32"
    FP16 = "fp16"


class Engine(StrEnum):
    """Where films are encoded: in processes on this machine, or in tasks on a Ray cluster."""

    LOCAL = "local"
    RAY = "ray"


class Action(StrEnum):
    """What is done with the clip and the snippet on top of their stacks."""

    POP_VIDEO = "pop-video"
    POP_TEXT = "pop-text"
    MATCH_RETAIN_TEXT = "match-retain-text"
    MATCH = "match"
    MATCH_RETAIN_VIDEO = "match-retain-video"


class Decoder(StrEnum):
    """A network's actions, one by one or by beam search; the narration's timing; or similarity alone."""

    GREEDY = "greedy"
    BEAM = "beam"
    SEMI_MARKOV = "semi-markov"
    DTW = "dtw"
    OTAM = "otam"
    MONOTONE = "monotone"


class TimingPath(StrEnum):
    """What the semi-Markov model answers: the labels of least expected risk, or the likeliest course."""

    MINIMUM_RISK = "minimum-risk"
    VITERBI = "viterbi"


class TimingPrior(StrEnum):
    """Where the semi-Markov model's posterior enters the network: its input, the choice of actions, both."""

    NONE = "none"
    INPUT = "input"
    DECODING = "decoding"
    BOTH = "both"

    @property
    def is_input(self) -> bool:
        return self in (TimingPrior.INPUT, TimingPrior.BOTH)

    @property
    def decodes(self) -> bool:
        return self in (TimingPrior.DECODING, TimingPrior.BOTH)


class Plot(StrEnum):
    """Pictures of training, the paper's Fig. 3, Fig. 4 and Fig. 5, or all three; and of alignments."""

    TRAINING = "training"
    RATIOS = "ratios"
    DRIFT = "drift"
    ALL = "all"
    RELIABILITY = "reliability"
    ALIGNMENT = "alignment"
    PROGRESS = "progress"
    CONFUSION = "confusion"


class PictureFormat(StrEnum):
    PNG = "png"
    SVG = "svg"


class Cut(StrEnum):
    """How clips are cut out of a film: at its key frames, unchanged and fast, or exactly, encoded anew."""

    COPY = "copy"
    ENCODE = "encode"


class CheckpointChoice(StrEnum):
    """Which checkpoint of a run aligns: the run's own choice, the best on validation, the last."""

    AUTO = "auto"
    BEST = "best"
    LAST = "last"
