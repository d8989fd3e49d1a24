"""Kills every command at random moments, calls it again, and compares the corpus with an undisturbed one.

    python tests/benchmarks/kills.py --kills 50 [--command segment] [--seed 0]
    python tests/benchmarks/kills.py --every-rename [--command segment]

Each kill is a SIGKILL to the command and its children, most of them after its first write. The second call
is the same without ``--force``; it must succeed, and leave each file as the undisturbed call did: byte for
byte, features and checkpoints array for array. ``--every-rename`` instead kills before and after each file
that gets its name. Exit code 1: something differed.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from support.kills import JOBS, Fate, Killing, differences
from support.zygote import Zygote


def fates(killing: Killing, kills: int, seed: int, every_rename: bool) -> list[Fate]:
    """What came of each kill of a command."""
    reference, again = killing.reference(), killing.reference()
    if differ := differences(reference.files, again.files):
        raise SystemExit(f"{killing.name} does not do the same each time: {differ}")
    if not every_rename:
        rng = Random(f"{seed} {killing.name}")
        return [killing.kill(reference, rng) for _ in range(kills)]
    whens = [when for count in range(1, reference.renames + 1) for when in (-count, count)]
    return [killing.kill_at_rename(reference, when) for when in whens]


def main() -> int:
    """Print a row for each command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50, help="of each command")
    parser.add_argument("--command", choices=sorted(JOBS), action="append", help="may be repeated")
    parser.add_argument("--every-rename", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--place", type=Path, help="a folder for the corpora that is kept")
    arguments = parser.parse_args()
    columns = ("kills", "at work", "failed", "different", "seconds")
    print("command".ljust(20) + "".join(f"{column:>11}" for column in columns))
    total, bad, said = 0, 0, Counter[str]()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a kill does not ask for a disk
    with tempfile.TemporaryDirectory(prefix="kills-", dir=memory) as folder:
        place = arguments.place or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        zygote = Zygote(place)
        for name in arguments.command or JOBS:
            started = time.monotonic()
            found = fates(
                Killing(name, place, zygote), arguments.kills, arguments.seed, arguments.every_rename
            )
            failed = sum(any(p.startswith("the second call") for p in fate.problems) for fate in found)
            wrong = [fate for fate in found if fate.problems]
            row = (len(found), sum(fate.running for fate in found), failed, len(wrong) - failed)
            print(
                f"{name:20}"
                + "".join(f"{count:11}" for count in row)
                + f"{time.monotonic() - started:11.0f}",
                flush=True,
            )
            total, bad = total + len(found), bad + len(wrong)
            said.update(f"{name}: {problem}" for fate in wrong for problem in fate.problems[:3])
        zygote.close()
    for problem, count in said.most_common(40):
        print(f"{count:6} × {problem}")
    print(f"{bad} of {total} kills left something behind")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
