"""torchvision's Faster R-CNN detectors as frame encoders."""
