"""How things and the camera move in a clip, by optical flow."""
