"""Precisions of encoders as torch's data types, and in identities."""

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
