"""torchvision's image classifiers as frame encoders."""
