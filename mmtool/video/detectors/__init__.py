"""Detectors of cuts, a file each (two where PySceneDetect's two are one idea)."""
