"""From a video file to clips and frames; OpenCV and PySceneDetect are imported only in this room."""

VIDEO_SUFFIXES: tuple[str, ...] = (
    ".avi",
    ".m2ts",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".mts",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
)
"""File names that are taken for videos (compare in lower case)."""
