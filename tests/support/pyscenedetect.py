"""PySceneDetect's own command."""

import csv
import os
import subprocess
import sys


def command(path, folder, *options):
    """PySceneDetect's scenes as (first frame, frame after the last), counted from 0."""
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}  # nobody's own scenedetect.cfg
    program = [sys.executable, "-m", "scenedetect", "-q", "-i", path, "-o", folder, *options]
    listing = () if "list-scenes" in options else ("list-scenes", "--skip-cuts")
    subprocess.run([*program, *listing], check=True, env=os.environ | home)
    with (folder / f"{path.stem}-Scenes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file)) if listing else []
    return [(int(row["Start Frame"]) - 1, int(row["End Frame"])) for row in rows]
