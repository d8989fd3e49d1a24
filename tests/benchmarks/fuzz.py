"""A campaign of damaged and hostile input over every reader: counts results, refusals and failures.

    python tests/benchmarks/fuzz.py --minutes 30 [--seed 0] [--only texts] [--output fuzz-failures]
    python tests/benchmarks/fuzz.py --again texts:1234 --seed 0      # one case again, with its traceback

Inputs are made from the seed and a number, so that the same call makes the same ones. They are read by
public functions and whole commands in a worker, where no step may take more than 10 s of the processor or
2 GiB of memory. Each failing input is kept in the output folder, beside a line that runs it again; of each
way to fail, the first input is also made smaller (``small.*``). Needs Linux. Exit code 1: something failed.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.fuzzing.kinds import SHARES
from support.fuzzing.watching import GOOD, OUTCOMES, Tally, Watch


def table(tallies: dict[str, Tally]) -> None:
    """Print what each kind has seen."""
    columns = (
        "kind",
        "cases",
        "steps",
        *(f"{outcome}s" for outcome in OUTCOMES),
        "slowest s",
        "MiB",
        "cases/s",
    )
    print("".join(f"{column:>12}" for column in columns))
    for name, tally in tallies.items():
        counts = [tally.outcomes[outcome] for outcome in OUTCOMES]
        row = [name, f"{tally.cases:,}", f"{tally.outcomes.total():,}", *(f"{count:,}" for count in counts)]
        row += [f"{tally.slowest:.1f}", f"{tally.most:.0f}", f"{tally.cases / max(tally.seconds, 1e-9):.1f}"]
        print("".join(f"{cell:>12}" for cell in row))


def again(which: str, seed: int, scratch: Path) -> None:
    """Run one case in this process."""
    from support.fuzzing.worker import Worker

    name, _, number = which.partition(":")
    worker = Worker(name, seed, scratch, scratch / "failures")
    case = worker.make(int(number))
    print(f"{case.file}: {case.file.stat().st_size:,} bytes")
    for step in case.steps:
        print(step.how.replace("{}", str(worker.folder)))
        started = time.process_time()
        try:
            print("  result:", step.run())
        except Exception:
            traceback.print_exc(limit=-12)
        print(f"  {time.process_time() - started:.1f} s")


def main() -> int:
    """Run the campaign."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=sorted(SHARES), action="append", help="a kind; may be repeated")
    parser.add_argument("--output", type=Path, default=Path("fuzz-failures"))
    parser.add_argument("--again", metavar="KIND:NUMBER")
    arguments = parser.parse_args()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  files there cost no disk
    with tempfile.TemporaryDirectory(prefix="fuzz-", dir=memory) as folder:
        if arguments.again:
            again(arguments.again, arguments.seed, Path(folder))
            return 0
        names = arguments.only or list(SHARES)
        tallies = {name: Tally() for name in names}
        arguments.output.mkdir(parents=True, exist_ok=True)
        for name in names:
            share = SHARES[name] / sum(SHARES[name] for name in names)
            watch = Watch(name, arguments.seed, Path(folder), arguments.output.resolve(), tallies[name])
            watch.work(60 * arguments.minutes * share)
            print(f"{name}: {tallies[name].cases:,} cases", flush=True)
    table(tallies)
    failed = {name: tally.signatures for name, tally in tallies.items() if tally.signatures}
    for name, signatures in failed.items():
        print(f"\n{name}")
        for signature, count in signatures.most_common():
            print(f"  {count:6,} × {signature}")
    if failed:
        print(f"\ninputs: {arguments.output}")
    good = sum(tally.outcomes[outcome] for tally in tallies.values() for outcome in GOOD)
    print(f"\n{good:,} of {sum(tally.outcomes.total() for tally in tallies.values()):,} steps ended well")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
