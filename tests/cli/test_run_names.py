"""A run's name never leads out of the corpus, in any command."""

import pytest

from support.commands import call

ALIGNED = ("report", "export", "evaluate", "compare", "plot", "align", "train", "checkpoint", "import")


@pytest.mark.parametrize("name", ["../r", "..", ".", "/tmp/r", "a/b", "a\\b", ".hidden", "a\nb"])  # noqa: S108
@pytest.mark.parametrize("command", ALIGNED)
def test_a_run_is_a_folder_of_the_corpus(tmp_path, command, name):
    corpus = tmp_path / "corpus"
    (corpus / "alignments" / "r").mkdir(parents=True)
    outside = tmp_path / "r"
    calls = {
        "export": ("export", corpus, "--format", "srt", "--run", name),
        "compare": ("compare", corpus, "--run", "r", "--run", name),
        "train": ("train", corpus, "--epochs", 1, "--run", name),
        "checkpoint": ("export", "checkpoint", corpus, "--run", name, "-o", outside),
        "import": ("import", "checkpoint", tmp_path / "file", corpus, "--run", name),
    }
    output = call(*calls.get(command, (command, corpus, "--run", name)), code=2).stderr
    assert f"--run must be the name of a folder in runs/, not {name!r}" in " ".join(output.split())
    assert len(output.strip().splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus"]
