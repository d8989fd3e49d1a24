"""Errors of HDF5 files: damage, told from files that cannot be read now."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmtool.errors import InputError
from mmtool.formats.feature_checks import UntrustedFileError

DAMAGED = "is not an HDF5 file, or is damaged"


class UnavailableError(InputError):
    """A file that cannot be read now, though nothing is known to be wrong with it."""


@contextmanager
def reporting_damage(path: Path, remedy: str) -> Iterator[None]:
    """Turn the errors of h5py into an InputError that tells damage, and its remedy, from other causes."""
    try:
        yield
    except UntrustedFileError as error:
        raise InputError(path, f"is refused, because it {error}", remedy) from error
    except OSError as error:
        raise _unavailable(path, error) or InputError(path, DAMAGED, remedy) from error
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError, OverflowError) as error:
        raise InputError(path, DAMAGED, remedy) from error


def _unavailable(path: Path, error: OSError) -> UnavailableError | None:
    """The true cause where the system, and not the file, is why it cannot be read."""
    if "unable to lock file" in str(error):
        if error.errno in (errno.EAGAIN, errno.EACCES):
            problem = "is open in another program, which may be writing it"
            return UnavailableError(path, problem, "close that program, or wait, and try again")
        problem = f"is on a file system without locks ({os.strerror(error.errno or 0)})"
        remedy = "set HDF5_USE_FILE_LOCKING=FALSE while no other program uses the file"
        return UnavailableError(path, problem, remedy)
    if error.errno:
        problem = f"cannot be read ({os.strerror(error.errno)})"
        return UnavailableError(path, problem, "make it readable and try again")
    return None
