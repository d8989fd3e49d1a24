"""Training through the function: typed reports, presets with keywords, and what cannot be given together."""

import subprocess
import sys

import pytest

from mmtool.errors import CallError, SettingError
from mmtool.formats.runs import read_run
from mmtool.settings.project import ProjectSettings
from mmtool.settings.train import TrainSettings
from mmtool.stages.project import project
from mmtool.stages.train import NetworkTrainReport, TimingTrainReport, train
from support.commands import EXTRACT, call
from support.corpora import make_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    corpus = make_corpus(tmp_path_factory.mktemp("corpus"))
    call("extract", corpus.root, *EXTRACT)
    report = project(corpus.root, dimension=20)
    assert [(file.name, file.dimension, file.projected_dimension) for file in report.features] == [
        ("timing", 12, 20),
        ("length", 14, 20),
    ]
    return corpus


def test_a_preset_with_keywords_and_its_report(corpus):
    epochs = []
    report = train(corpus.root, run="r", preset="rp-adam-sbn", epochs=2, threads=1, on_epoch=epochs.append)
    assert isinstance(report, NetworkTrainReport)
    assert (report.run, report.done, report.unchanged) == ("r", ["r"], [])
    assert (report.epochs, report.samples) == (2, 3)
    assert report.best_epoch in (1, 2)
    assert report.parameters > 1_000_000
    assert [record.epoch for record in epochs] == [1, 2]
    stored = read_run(corpus.run("r") / "config.json").settings
    assert (stored["optimizer"], stored["learning_rate"], stored["epochs"]) == ("adam", 5e-4, 2)
    again = train(corpus.root, run="r", preset="rp-adam-sbn", epochs=2, threads=1)
    assert again.unchanged == ["r"]


def test_a_settings_object_is_all_there_is(corpus):
    settings = TrainSettings(epochs=1, threads=1, optimizer="adam", learning_rate=1e-3)
    assert train(str(corpus.root), settings, run="object").epochs == 1
    stored = read_run(corpus.run("object") / "config.json").settings
    assert stored == settings.to_dict() | {"video": "timing", "text": "length"}


def test_timing_by_the_same_function(corpus):
    report = train(corpus.root, preset="semi-markov")
    assert isinstance(report, TimingTrainReport)
    assert (report.run, report.videos, report.similarity_weight) == ("timing", 3, None)
    assert corpus.timing("timing").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"epocs": 3}, "epocs is not a setting; did you mean epochs?"),
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"actions": ["pop-video"]}, "actions "),
        ({"preset": "rp"}, "preset must be one of rp-lars-sbn, "),
        ({"preset": "finetune"}, "preset finetune continues another run; name it with `init_from`"),
        ({"any_space": True}, "any_space has no effect with `preset=rp-lars-sbn`; leave it out"),
        ({"run": "dtw"}, "run must not be dtw"),
        ({"preset": "semi-markov", "epochs": 3}, "epochs has no effect with `preset=semi-markov`"),
        ({"preset": "semi-markov", "text": "length"}, "text features are compared with `video` features"),
        (
            {"settings": TrainSettings(), "preset": "lxmert"},
            "preset cannot be given together with a settings",
        ),
        ({"settings": TrainSettings(), "epochs": 3}, "epochs cannot be given together with a settings"),
    ],
)
def test_wrong_keywords_are_named(corpus, options, problem):
    with pytest.raises(SettingError) as caught:
        train(corpus.root, **options)
    assert str(caught.value).startswith(problem)


def test_another_projection_is_refused_and_replaced(corpus):
    with pytest.raises(CallError, match="replace it with `force`"):
        project(corpus.root, ProjectSettings(dimension=21))
    assert project(corpus.root, dimension=21, force=True).features[1].projected_dimension == 21
    project(corpus.root, dimension=20, force=True)


TIMING_ALONE = """
import sys
from mmtool.stages.train import train
train(sys.argv[1], preset="semi-markov", run="light", force=True)
print([name for name in ("torch", "h5py", "cv2", "transformers") if name in sys.modules])
"""


def test_training_of_timing_loads_no_torch(corpus):
    command = [sys.executable, "-c", TIMING_ALONE, corpus.root]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.splitlines()[-1] == "[]"
