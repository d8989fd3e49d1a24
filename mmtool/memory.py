"""A lack of memory, as torch reports it; recognised without loading torch."""

from collections.abc import Iterator
from contextlib import contextmanager

from mmtool.errors import CallError

SIGNS = (  # in the messages of CUDA, cuDNN and cuBLAS, of Apple's GPUs, and of torch on processors
    "out of memory",
    "alloc_failed",
    "can't allocate memory",
    "not enough memory",
)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error of torch means that there is not enough memory, on a GPU or a processor."""
    message = str(error).lower()
    return isinstance(error, RuntimeError) and any(sign in message for sign in SIGNS)


def lacks_gpu_memory(error: BaseException) -> bool:
    """Whether it is a GPU that lacks it."""
    return lacks_memory(error) and not _is_of_processor(error)


def lack_of_memory(remedy: str, error: BaseException) -> CallError:
    """The error to raise in its place."""
    where = "" if _is_of_processor(error) else " on the GPU"
    return CallError(f"there is not enough memory{where}; {remedy}")


def _is_of_processor(error: BaseException) -> bool:
    return "cpu" in str(error).lower()


@contextmanager
def remedy_for_memory(remedy: str) -> Iterator[None]:
    """Turn a lack of memory within the block into a CallError of one line that names the remedy."""
    try:
        yield
    except RuntimeError as error:
        if not lacks_memory(error):
            raise
        raise lack_of_memory(remedy, error) from error
