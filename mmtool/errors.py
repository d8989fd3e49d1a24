"""What can go wrong, said in one line: the file, the problem, the remedy.

Messages name settings as Python does, in backticks: "`video` is compared with `text`: name both". The
command line shows such names as its options.
"""

from pathlib import Path


class MmtoolError(Exception):
    """Any error that is meant for the user; ``str(error)`` is one line."""


class CallError(MmtoolError):
    """The whole call is impossible (exit code 2)."""


class SettingError(CallError):
    """A setting has an impossible value: ``beam_width must be at least 1, not 0``."""

    def __init__(self, setting: str, problem: str) -> None:
        self.setting = setting
        self.problem = problem
        super().__init__(f"{setting} {problem}")

    def __reduce__(self) -> tuple[type["SettingError"], tuple[str, str]]:
        return SettingError, (self.setting, self.problem)  # between processes


class InputError(MmtoolError):
    """One input cannot be used (exit code 1 if the others were done)."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}; {remedy}".replace("\n", " "))

    def __reduce__(self) -> tuple[type["InputError"], tuple[Path, str, str]]:
        return InputError, (self.path, self.problem, self.remedy)  # between processes
