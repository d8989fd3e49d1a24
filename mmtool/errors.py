"""What can go wrong, said in one line: the file, the problem, the remedy."""

from pathlib import Path


class MmtoolError(Exception):
    """Any error that is meant for the user; ``str(error)`` is one line."""


class CallError(MmtoolError):
    """The whole call is impossible (exit code 2)."""


class InputError(MmtoolError):
    """One input cannot be used (exit code 1 where the others were done)."""

    def __init__(self, path: Path | str, problem: str, remedy: str) -> None:
        self.path = Path(path)
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{path}: {problem}; {remedy}".replace("\n", " "))

    def __reduce__(self) -> tuple[type["InputError"], tuple[Path, str, str]]:
        return InputError, (self.path, self.problem, self.remedy)  # between processes
