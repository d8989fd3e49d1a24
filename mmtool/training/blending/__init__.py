"""Gradient-Blending (Wang, Tran and Feiszli, CVPR 2020): what branches learn and overfit is their weight."""
