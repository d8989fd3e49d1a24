"""Where the files of a model of speech are: a local folder, the hub's cache, or the hub."""

from pathlib import Path
from typing import Any

from huggingface_hub.constants import ENDPOINT

from mmtool.errors import InputError, SettingError
from mmtool.extras import import_extra
from mmtool.reachable import reachable

WEIGHTS = "model.bin"
_NEEDED = (WEIGHTS, "config.json", "tokenizer.json")
_REMEDY = (
    "set `model` to a local folder with a Whisper model for CTranslate2 (model.bin, config.json and "
    "tokenizer.json)"
)


def find_model(model: str) -> Path:
    """The folder with the files of a model, which is downloaded if it is not on this machine.

    Args:
        model: A local folder, a name such as ``small``, or an id of the hub, ``OWNER/NAME``.

    Raises:
        SettingError: There is neither such a folder nor such a name.
        InputError: The folder lacks a file, or the model is not on this machine and cannot be downloaded.
    """
    utils: Any = import_extra("faster_whisper.utils")
    folder = Path(model)
    if folder.is_dir():
        return _checked(folder)
    if model.startswith((".", "/", "~")) or folder.is_file():
        raise SettingError("model", f"{model}: no such folder; {_REMEDY}")
    names = utils.available_models()
    if "/" not in model and model not in names:
        raise SettingError("model", f"is {model!r}, neither a folder nor one of {', '.join(names)}")
    try:
        try:
            return _checked(Path(utils.download_model(model, local_files_only=True)))
        except (OSError, ValueError, InputError):
            if not reachable(ENDPOINT):
                raise ConnectionError(ENDPOINT) from None
            return _checked(Path(utils.download_model(model)))
    except InputError:
        raise
    except Exception as error:  # whatever the hub's client raises
        problem = "the model is not on this machine, and the download failed"
        raise InputError(model, problem, _REMEDY) from error


def _checked(folder: Path) -> Path:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputError(folder, f"has no {missing[0]}", _REMEDY)
    return folder


def not_loadable(folder: Path, error: Exception) -> InputError:
    """The error for files that are there, but are not a model that can be loaded."""
    return InputError(
        folder, f"does not contain a Whisper model that can be loaded ({one_line(error)})", _REMEDY
    )


def one_line(error: Exception) -> str:
    """The message of a library, in one line that is not too long."""
    return " ".join(str(error).split())[:120] or type(error).__name__
