"""How many processor cores this process may use."""

import os


def usable_cores() -> int:
    """The cores that this process may run on, at least 1.

    Where the system has no processor affinity (macOS, Windows), all cores of the machine count.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    if affinity is not None:
        return len(affinity(0))
    count = getattr(os, "process_cpu_count", os.cpu_count)  # the former since Python 3.13
    return count() or 1
