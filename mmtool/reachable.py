"""Whether a server answers, before a client that would retry for minutes is asked to download."""

import urllib.error
import urllib.request

CONNECT_SECONDS = 5.0


def reachable(url: str) -> bool:
    """Whether the server answers within seconds; the hubs' own clients retry or wait for minutes."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310  the hubs' addresses are https
    try:
        with urllib.request.urlopen(request, timeout=CONNECT_SECONDS):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True  # an answer, if not the expected one
    except OSError:
        return False
