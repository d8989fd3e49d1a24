"""Precisions of encoders as torch's data types, in identities, and kept on GPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from mmtool.choices import EncoderPrecision

DTYPES = {
    EncoderPrecision.FP32: torch.float32,
    EncoderPrecision.BF16: torch.bfloat16,
    EncoderPrecision.FP16: torch.float16,
}


def precision_settings(precision: EncoderPrecision) -> dict[str, str | int | float | bool]:
    """What an encoder's identity says about its precision: nothing for fp32."""
    return {} if precision is EncoderPrecision.FP32 else {"precision": precision.value}


@contextmanager
def exact_fp32(device: torch.device) -> Iterator[None]:
    """Products of fp32 in fp32: by default, torch computes convolutions on GPUs in TF32, of 10 bits.

    Features would differ from those of a CPU in the third digit, and detectors would propose other regions.
    The switches are those of the whole process; they are put back.
    """
    if device.type != "cuda":
        yield
        return
    switches = _switches()
    try:
        for holder, name, exact, _ in switches:
            setattr(holder, name, exact)
        yield
    finally:
        for holder, name, _, before in switches:
            setattr(holder, name, before)


def _switches() -> list[tuple[Any, str, Any, Any]]:
    """What holds a switch, its name, its value for fp32, and its value now.

    Since torch 2.9 there are new ones, and reading the old ones fails in programs that have used the new.
    """
    backends: Any = torch.backends
    try:
        old = [(holder, holder.allow_tf32) for holder in (backends.cudnn, backends.cuda.matmul)]
        return [(holder, "allow_tf32", False, before) for holder, before in old]
    except RuntimeError:
        new = (backends.cudnn.conv, backends.cudnn.rnn, backends.cuda.matmul)
        return [(holder, "fp32_precision", "ieee", holder.fp32_precision) for holder in new]
