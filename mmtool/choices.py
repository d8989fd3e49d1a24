"""Choices of the user, as enumerations of strings; importing them loads no library."""

from enum import StrEnum


class Modality(StrEnum):
    """The two sides of an alignment."""

    VIDEO = "video"
    TEXT = "text"


class TextSplit(StrEnum):
    """How texts are split into snippets.

    Attributes:
        AUTO: Plain text whose lines are paragraphs, or are hard-wrapped, by its sentences; all else as it is.
        NONE: One snippet per line of plain text, or per cue of subtitles.
        SENTENCES: One per sentence.
        PHRASES: One per phrase; English only.
    """

    AUTO = "auto"
    NONE = "none"
    SENTENCES = "sentences"
    PHRASES = "phrases"


class TextFormat(StrEnum):
    """The format of .txt files.

    Attributes:
        AUTO: A screenplay if there are scene headings, otherwise plain text.
        PLAIN: Plain text.
        SCREENPLAY: A screenplay in the usual layout.
        FOUNTAIN: A screenplay in Fountain markup.
    """

    AUTO = "auto"
    PLAIN = "plain"
    SCREENPLAY = "screenplay"
    FOUNTAIN = "fountain"


class Ends(StrEnum):
    """What follows the narration of a film whose length is not published.

    Attributes:
        CONSTANT: The same number of seconds in each film.
        YMS_LIKE: As long as in the training videos of YouTube Movie Summaries, drawn at random.
    """

    CONSTANT = "constant"
    YMS_LIKE = "yms-like"


class Pooling(StrEnum):
    """How the features of tokens become one feature of a snippet.

    Attributes:
        MEAN: The mean of all tokens.
        WORDS: The mean of the tokens of words, without special ones.
        CLS: The feature of the first token.
    """

    MEAN = "mean"
    WORDS = "words"
    CLS = "cls"


class Split(StrEnum):
    """A part of a corpus: for training, for validation, or for testing."""

    TRAIN = "train"
    VAL = "val"
    TEST = "test"


class Inputs(StrEnum):
    """What the network reads.

    Attributes:
        RP: Randomly projected features.
        FULL: Features as the encoder computes them.
    """

    RP = "rp"
    FULL = "full"


class Normalisation(StrEnum):
    """Normalisation of the network's stacks.

    Attributes:
        SBN: Sequence-wise batch normalisation.
        LN2: Layer normalisation in two stacks.
        LN4: Layer normalisation in all four stacks.
        NONE: None.
    """

    SBN = "sbn"
    LN2 = "2ln"
    LN4 = "4ln"
    NONE = "none"


class Optimizer(StrEnum):
    """The optimiser of training."""

    ADAM = "adam"
    LARS = "lars"


class Precision(StrEnum):
    """Precision of the network's matrix products in training; weights and updates stay in fp32."""

    FP32 = "fp32"
    BF16 = "bf16"


class EncoderPrecision(StrEnum):
    """Precision of the matrix products of an encoder."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class SpeechPrecision(StrEnum):
    """Precision of the matrix products of a recogniser of speech."""

    AUTO = "auto"
    INT8 = "int8"
    FP16 = "fp16"
    BF16 = "bf16"
    FP32 = "fp32"


class RegionPrecision(StrEnum):
    """Precision of stored region features."""

    FP32 = "fp32"
    FP16 = "fp16"


class Engine(StrEnum):
    """Where features are extracted.

    Attributes:
        LOCAL: In processes on this machine.
        RAY: In tasks on a Ray cluster.
    """

    LOCAL = "local"
    RAY = "ray"


class Action(StrEnum):
    """What the network does with the clip and the snippet on top of their stacks.

    Attributes:
        POP_VIDEO: Remove the clip, which matches nothing.
        POP_TEXT: Remove the snippet, which matches no further clip.
        MATCH_RETAIN_TEXT: Match the two and remove the clip; the snippet may match more clips.
        MATCH: Match the two and remove both.
        MATCH_RETAIN_VIDEO: Match the two and remove the snippet; the clip may match more snippets.
    """

    POP_VIDEO = "pop-video"
    POP_TEXT = "pop-text"
    MATCH_RETAIN_TEXT = "match-retain-text"
    MATCH = "match"
    MATCH_RETAIN_VIDEO = "match-retain-video"


class Decoder(StrEnum):
    """How clips are matched with snippets.

    Attributes:
        GREEDY: The most probable action of a network at each step.
        BEAM: Beam search over the actions of a network.
        SEMI_MARKOV: The timing of the narration, and the similarity of features if they are given.
        DTW: Similarity by dynamic time warping, which matches every clip.
        OTAM: Similarity by ordered temporal alignment, which may omit clips at the start and the end.
        MONOTONE: Similarity, in order, which may omit any clip and any snippet.
    """

    GREEDY = "greedy"
    BEAM = "beam"
    SEMI_MARKOV = "semi-markov"
    DTW = "dtw"
    OTAM = "otam"
    MONOTONE = "monotone"


class TimingPath(StrEnum):
    """What the semi-Markov model returns.

    Attributes:
        MINIMUM_RISK: The labels of minimum expected risk.
        VITERBI: The most probable path.
    """

    MINIMUM_RISK = "minimum-risk"
    VITERBI = "viterbi"


class TimingModel(StrEnum):
    """What alignment by timing assumes about the film.

    Attributes:
        MIXTURE: Several hypotheses, weighed by what the film says for each: that it is of the channel whose
            parameters are used, that its cuts follow the text, that they do not, that nobody reads the text.
        CHANNEL: That the film is of the channel whose parameters are used.
    """

    MIXTURE = "mixture"
    CHANNEL = "channel"


class TimingPrior(StrEnum):
    """Where the posterior of the semi-Markov model enters the network.

    Attributes:
        NONE: Nowhere.
        INPUT: In the input.
        DECODING: In the choice of actions.
        BOTH: In both.
    """

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
    """What to plot: the training of runs, or their alignments.

    Attributes:
        TRAINING: Loss and measures by epoch (Fig. 3 of the paper).
        RATIOS: Norms of parameters relative to those of gradients (Fig. 4).
        DRIFT: Drift of the stacks (Fig. 5).
        ALL: The three above.
        OGR: Generalisation, overfitting and their ratio by epoch.
        RELIABILITY: Accuracy by confidence.
        ALIGNMENT: The alignment of each video, with candidates and ground truth.
        PROGRESS: Accuracy over the course of videos.
        CONFUSION: Which actions are mistaken for which.
    """

    TRAINING = "training"
    RATIOS = "ratios"
    DRIFT = "drift"
    ALL = "all"
    OGR = "ogr"
    RELIABILITY = "reliability"
    ALIGNMENT = "alignment"
    PROGRESS = "progress"
    CONFUSION = "confusion"


class PictureFormat(StrEnum):
    """File format of plots."""

    PNG = "png"
    SVG = "svg"


class Unplaced(StrEnum):
    """What an export does with snippets that match no clip.

    Attributes:
        LEAVE_OUT: Tables list them without times; other formats leave them out.
        KEEP: They are put between their neighbours.
    """

    LEAVE_OUT = "leave-out"
    KEEP = "keep"


class Cut(StrEnum):
    """How clips are cut out of a film.

    Attributes:
        COPY: Without re-encoding: fast, but clips start at key frames.
        ENCODE: Re-encoded, exact to the frame.
    """

    COPY = "copy"
    ENCODE = "encode"


class CheckpointChoice(StrEnum):
    """Which checkpoint of a run aligns.

    Attributes:
        AUTO: The best one if the run stopped early, otherwise the last.
        BEST: The best on the validation split.
        LAST: The last.
    """

    AUTO = "auto"
    BEST = "best"
    LAST = "last"


class Use(StrEnum):
    """Whether evidence that is there counts."""

    USE = "use"
    IGNORE = "ignore"


class BalanceRule(StrEnum):
    """How a balanced sample is drawn.

    Attributes:
        LITERAL: As published: falls short of the target.
        EXACT: Selection sampling: reaches the target where each video has one label.
    """

    LITERAL = "literal"
    EXACT = "exact"


class RetrievalScore(StrEnum):
    """What orders the candidates of a query.

    Attributes:
        ITC: The cosine of the dual encoder.
        ITM: The logit of "match" of the fusion encoder.
        BOTH: The sum of the two.
    """

    ITC = "itc"
    ITM = "itm"
    BOTH = "itm+itc"


class Corrections(StrEnum):
    """What a corrected export becomes."""

    PINS = "pins"
    ANNOTATIONS = "annotations"


class PlanMeasures(StrEnum):
    """What a plan of experiments measures.

    Attributes:
        ALIGNMENT: Video accuracy and text IoU.
        RETRIEVAL: R@1 of the matchers that it trains, in both directions.
    """

    ALIGNMENT = "alignment"
    RETRIEVAL = "retrieval"


class DemoAligner(StrEnum):
    """What the demo trains.

    Attributes:
        NETWORK: The alignment network.
        MATCHER: The matcher, whose scores are aligned.
    """

    NETWORK = "network"
    MATCHER = "matcher"
