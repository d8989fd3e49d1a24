"""Errors meant for the user: one line with the file, the problem and the remedy.

Messages name settings as Python does, in backticks: "`video` is compared with `text`: name both". The
command line shows them as options.
"""

from pathlib import Path


class MmtoolError(Exception):
    """Base of all errors that are meant for the user; ``str(error)`` is one line."""


class CallError(MmtoolError):
    """The call as a whole is impossible; exit code 2 on the command line."""


class SettingError(CallError):
    """A setting has an invalid value, such as ``beam_width must be at least 1, not 0``.

    Attributes:
        setting: The name of the setting.
        problem: What is wrong with it; the message is the two, one after the other.
    """

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting} {problem}")

    def __reduce__(self) -> tuple[type["SettingError"], tuple[str, str]]:
        return SettingError, (self.setting, self.problem)  # so that it can be pickled


class InputError(MmtoolError):
    """One input cannot be used; exit code 1 on the command line, which processes the others.

    Attributes:
        path: The file.
        problem: What is wrong with it.
        remedy: What the user can do about it.
    """

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}; {remedy}".replace("\n", " "))

    def __reduce__(self) -> tuple[type["InputError"], tuple[Path, str, str]]:
        return InputError, (self.path, self.problem, self.remedy)  # so that it can be pickled
