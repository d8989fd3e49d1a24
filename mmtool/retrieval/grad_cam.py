"""Word-conditional Grad-CAM: what in a picture a match comes from, word by word (ALBEF: Li et al., 2021)."""

from torch import Tensor


def cam(attention: Tensor, gradient: Tensor) -> Tensor:
    """Attention of words and its gradient (B, H, W, R) → maps (B, W, R).

    The mean over heads of the attention times its gradient where that is positive.
    """
    return (attention * gradient.clamp(min=0)).mean(dim=1)
