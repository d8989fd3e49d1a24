"""The numbers that matrix products are made of: what fp32, bf16 and fp16 are in torch."""

import torch

from mmtool.choices import EncoderPrecision

DTYPES = {
    EncoderPrecision.FP32: torch.float32,
    EncoderPrecision.BF16: torch.bfloat16,
    EncoderPrecision.FP16: torch.float16,
}


def precision_settings(precision: EncoderPrecision) -> dict[str, str | int | float | bool]:
    """What an encoder's identity says of its precision; fp32 goes without saying."""
    return {} if precision is EncoderPrecision.FP32 else {"precision": precision.value}
