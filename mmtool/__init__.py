"""Align films with texts: segment, extract features, train, align, evaluate.

The names below are imported when they are first used, so that ``import mmtool`` is quick::

    import mmtool

    alignment = mmtool.align_film("film.mp4", "narration.txt")
    report = mmtool.segment("corpus", split="sentences", threshold=20)
    report = mmtool.align("corpus", run="first", split="test")

Each function of a stage takes the corpus folder, then a settings object or its fields as keywords, and
returns a report. What goes wrong is a :class:`CallError` or an :class:`InputError`.
"""

from typing import TYPE_CHECKING

from mmtool.lazy import lazy_names

if TYPE_CHECKING:
    from mmtool.errors import CallError as CallError
    from mmtool.errors import InputError as InputError
    from mmtool.errors import MmtoolError as MmtoolError
    from mmtool.errors import SettingError as SettingError
    from mmtool.records import Alignment as Alignment
    from mmtool.records import Annotation as Annotation
    from mmtool.records import Clip as Clip
    from mmtool.records import Failure as Failure
    from mmtool.records import Interval as Interval
    from mmtool.records import Progress as Progress
    from mmtool.records import Quality as Quality
    from mmtool.records import Report as Report
    from mmtool.records import Snippet as Snippet
    from mmtool.records import Verdict as Verdict
    from mmtool.settings.align import AlignSettings as AlignSettings
    from mmtool.settings.balance import BalanceSettings as BalanceSettings
    from mmtool.settings.calibrate import CalibrateSettings as CalibrateSettings
    from mmtool.settings.compare import CompareSettings as CompareSettings
    from mmtool.settings.demo import DemoSettings as DemoSettings
    from mmtool.settings.evaluate import EvaluateSettings as EvaluateSettings
    from mmtool.settings.experiment import ExperimentSettings as ExperimentSettings
    from mmtool.settings.explain import ExplainSettings as ExplainSettings
    from mmtool.settings.export import ExportCheckpointSettings as ExportCheckpointSettings
    from mmtool.settings.export import ExportSettings as ExportSettings
    from mmtool.settings.extract import ExtractSettings as ExtractSettings
    from mmtool.settings.imports import ImportCheckpointSettings as ImportCheckpointSettings
    from mmtool.settings.imports import ImportCorrectionsSettings as ImportCorrectionsSettings
    from mmtool.settings.imports import ImportFeaturesSettings as ImportFeaturesSettings
    from mmtool.settings.imports import ImportSettings as ImportSettings
    from mmtool.settings.matcher import MatcherSettings as MatcherSettings
    from mmtool.settings.plot import PlotSettings as PlotSettings
    from mmtool.settings.project import ProjectSettings as ProjectSettings
    from mmtool.settings.report import ReportSettings as ReportSettings
    from mmtool.settings.retrieve import RetrieveSettings as RetrieveSettings
    from mmtool.settings.run import FilmSettings as FilmSettings
    from mmtool.settings.run import RunSettings as RunSettings
    from mmtool.settings.score import ScoreSettings as ScoreSettings
    from mmtool.settings.segment import SegmentSettings as SegmentSettings
    from mmtool.settings.train import TrainRunSettings as TrainRunSettings
    from mmtool.settings.train import TrainSettings as TrainSettings
    from mmtool.settings.transcribe import TranscribeSettings as TranscribeSettings
    from mmtool.stages.align import AlignedVideo as AlignedVideo
    from mmtool.stages.align import AlignReport as AlignReport
    from mmtool.stages.align import align as align
    from mmtool.stages.balance import BalanceReport as BalanceReport
    from mmtool.stages.balance import balance as balance
    from mmtool.stages.calibrate import CalibrateReport as CalibrateReport
    from mmtool.stages.calibrate import calibrate as calibrate
    from mmtool.stages.compare import CompareReport as CompareReport
    from mmtool.stages.compare import compare as compare
    from mmtool.stages.demo import DemoReport as DemoReport
    from mmtool.stages.demo import demo as demo
    from mmtool.stages.doctor import DoctorReport as DoctorReport
    from mmtool.stages.doctor import doctor as doctor
    from mmtool.stages.evaluate import EvaluatedVideo as EvaluatedVideo
    from mmtool.stages.evaluate import EvaluateReport as EvaluateReport
    from mmtool.stages.evaluate import evaluate as evaluate
    from mmtool.stages.experiment import ExperimentReport as ExperimentReport
    from mmtool.stages.experiment import SetsReport as SetsReport
    from mmtool.stages.experiment import experiment as experiment
    from mmtool.stages.explain import ExplainReport as ExplainReport
    from mmtool.stages.explain import WordAnswer as WordAnswer
    from mmtool.stages.explain import explain as explain
    from mmtool.stages.export import ExportCheckpointReport as ExportCheckpointReport
    from mmtool.stages.export import ExportReport as ExportReport
    from mmtool.stages.export import export_alignments as export_alignments
    from mmtool.stages.export import export_checkpoint as export_checkpoint
    from mmtool.stages.extract import ExtractedFeatures as ExtractedFeatures
    from mmtool.stages.extract import ExtractReport as ExtractReport
    from mmtool.stages.extract import extract as extract
    from mmtool.stages.imports import ImportCheckpointReport as ImportCheckpointReport
    from mmtool.stages.imports import ImportCorrectionsReport as ImportCorrectionsReport
    from mmtool.stages.imports import ImportFeaturesReport as ImportFeaturesReport
    from mmtool.stages.imports import ImportReport as ImportReport
    from mmtool.stages.imports import import_checkpoint as import_checkpoint
    from mmtool.stages.imports import import_corpus as import_corpus
    from mmtool.stages.imports import import_corrections as import_corrections
    from mmtool.stages.imports import import_features as import_features
    from mmtool.stages.info import InfoReport as InfoReport
    from mmtool.stages.info import VerifyReport as VerifyReport
    from mmtool.stages.info import info as info
    from mmtool.stages.info import verify as verify
    from mmtool.stages.plot import PlotReport as PlotReport
    from mmtool.stages.plot import plot as plot
    from mmtool.stages.project import ProjectReport as ProjectReport
    from mmtool.stages.project import project as project
    from mmtool.stages.report import PageReport as PageReport
    from mmtool.stages.report import report as report
    from mmtool.stages.retrieve import Hit as Hit
    from mmtool.stages.retrieve import QueryResult as QueryResult
    from mmtool.stages.retrieve import RetrievalMeasures as RetrievalMeasures
    from mmtool.stages.retrieve import RetrieveReport as RetrieveReport
    from mmtool.stages.retrieve import retrieve as retrieve
    from mmtool.stages.run import FilmAlignment as FilmAlignment
    from mmtool.stages.run import Match as Match
    from mmtool.stages.run import RunReport as RunReport
    from mmtool.stages.run import align_film as align_film
    from mmtool.stages.run import run as run
    from mmtool.stages.score import ScoreReport as ScoreReport
    from mmtool.stages.score import score as score
    from mmtool.stages.segment import SegmentedText as SegmentedText
    from mmtool.stages.segment import SegmentedVideo as SegmentedVideo
    from mmtool.stages.segment import SegmentReport as SegmentReport
    from mmtool.stages.segment import segment as segment
    from mmtool.stages.train import MatcherTrainReport as MatcherTrainReport
    from mmtool.stages.train import NetworkTrainReport as NetworkTrainReport
    from mmtool.stages.train import TimingTrainReport as TimingTrainReport
    from mmtool.stages.train import TrainReport as TrainReport
    from mmtool.stages.train import train as train
    from mmtool.stages.transcribe import TranscribedFilm as TranscribedFilm
    from mmtool.stages.transcribe import TranscribeReport as TranscribeReport
    from mmtool.stages.transcribe import transcribe as transcribe

__version__ = "0.1.0"

_HOMES = {
    "mmtool.errors": ("CallError", "InputError", "MmtoolError", "SettingError"),
    "mmtool.records": (
        "Alignment",
        "Annotation",
        "Clip",
        "Failure",
        "Interval",
        "Progress",
        "Quality",
        "Report",
        "Snippet",
        "Verdict",
    ),
    "mmtool.settings.align": ("AlignSettings",),
    "mmtool.settings.balance": ("BalanceSettings",),
    "mmtool.settings.calibrate": ("CalibrateSettings",),
    "mmtool.settings.compare": ("CompareSettings",),
    "mmtool.settings.demo": ("DemoSettings",),
    "mmtool.settings.evaluate": ("EvaluateSettings",),
    "mmtool.settings.experiment": ("ExperimentSettings",),
    "mmtool.settings.explain": ("ExplainSettings",),
    "mmtool.settings.export": ("ExportCheckpointSettings", "ExportSettings"),
    "mmtool.settings.extract": ("ExtractSettings",),
    "mmtool.settings.imports": (
        "ImportCheckpointSettings",
        "ImportCorrectionsSettings",
        "ImportFeaturesSettings",
        "ImportSettings",
    ),
    "mmtool.settings.matcher": ("MatcherSettings",),
    "mmtool.settings.plot": ("PlotSettings",),
    "mmtool.settings.project": ("ProjectSettings",),
    "mmtool.settings.report": ("ReportSettings",),
    "mmtool.settings.retrieve": ("RetrieveSettings",),
    "mmtool.settings.run": ("FilmSettings", "RunSettings"),
    "mmtool.settings.score": ("ScoreSettings",),
    "mmtool.settings.segment": ("SegmentSettings",),
    "mmtool.settings.train": ("TrainRunSettings", "TrainSettings"),
    "mmtool.settings.transcribe": ("TranscribeSettings",),
    "mmtool.stages.align": ("AlignReport", "AlignedVideo", "align"),
    "mmtool.stages.balance": ("BalanceReport", "balance"),
    "mmtool.stages.calibrate": ("CalibrateReport", "calibrate"),
    "mmtool.stages.compare": ("CompareReport", "compare"),
    "mmtool.stages.demo": ("DemoReport", "demo"),
    "mmtool.stages.doctor": ("DoctorReport", "doctor"),
    "mmtool.stages.evaluate": ("EvaluateReport", "EvaluatedVideo", "evaluate"),
    "mmtool.stages.experiment": ("ExperimentReport", "SetsReport", "experiment"),
    "mmtool.stages.explain": ("ExplainReport", "WordAnswer", "explain"),
    "mmtool.stages.export": (
        "ExportCheckpointReport",
        "ExportReport",
        "export_alignments",
        "export_checkpoint",
    ),
    "mmtool.stages.extract": ("ExtractReport", "ExtractedFeatures", "extract"),
    "mmtool.stages.imports": (
        "ImportCheckpointReport",
        "ImportCorrectionsReport",
        "ImportFeaturesReport",
        "ImportReport",
        "import_checkpoint",
        "import_corpus",
        "import_corrections",
        "import_features",
    ),
    "mmtool.stages.info": ("InfoReport", "VerifyReport", "info", "verify"),
    "mmtool.stages.plot": ("PlotReport", "plot"),
    "mmtool.stages.project": ("ProjectReport", "project"),
    "mmtool.stages.report": ("PageReport", "report"),
    "mmtool.stages.retrieve": ("Hit", "QueryResult", "RetrievalMeasures", "RetrieveReport", "retrieve"),
    "mmtool.stages.run": ("FilmAlignment", "Match", "RunReport", "align_film", "run"),
    "mmtool.stages.score": ("ScoreReport", "score"),
    "mmtool.stages.segment": ("SegmentReport", "SegmentedText", "SegmentedVideo", "segment"),
    "mmtool.stages.train": (
        "MatcherTrainReport",
        "NetworkTrainReport",
        "TimingTrainReport",
        "TrainReport",
        "train",
    ),
    "mmtool.stages.transcribe": ("TranscribeReport", "TranscribedFilm", "transcribe"),
}
__getattr__, __dir__ = lazy_names(__name__, {name: home for home, names in _HOMES.items() for name in names})
