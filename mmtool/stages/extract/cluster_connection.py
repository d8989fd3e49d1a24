"""Connecting to a Ray cluster, in seconds or not at all."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmtool.errors import SettingError
from mmtool.extras import import_extra

CONNECT_SECONDS = 10.0  # in which a host must accept a connection
ANSWER_SECONDS = 20.0  # in which what listens there must answer as a cluster; includes starting Python
AUTO_ADDRESS = "auto"  # Ray finds a cluster on this machine


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Ray, connected to a cluster; without an address, to one that is started for this call.

    If this program is connected already, that connection is used, and left open.
    """
    ray: Any = import_extra("ray")
    if ray.is_initialized():
        if address not in (None, AUTO_ADDRESS, ray.get_runtime_context().gcs_address):
            raise SettingError("address", f"is {address}, but this program is connected to another cluster")
        yield ray
        return
    if address:
        _require_answer(address)
    # "local" because without an address, Ray looks for a cluster that may have died, and waits for it
    options = {"address": address} if address else {"address": "local", "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # otherwise Ray reports its use to its makers
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise SettingError(
            "address",
            f"{address}: no Ray cluster answers there, or it requires a token: set RAY_AUTH_MODE=token and "
            "put the token into ~/.ray/auth_token",
        ) from error
    except (ray.exceptions.RayError, RuntimeError) as error:  # the latter for other versions of Ray or Python
        problem = " ".join(str(error).split())
        raise SettingError("address", f"{address}: the cluster refuses this call ({problem})") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Raise SettingError unless a cluster answers, for which Ray itself may wait for minutes."""
    if address != AUTO_ADDRESS:
        host, _, port = address.rpartition(":")
        if not (host and port.isdecimal()) or "/" in host:  # ray:// needs a separate client
            raise SettingError("address", f"must be HOST:PORT or auto, not {address}")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise SettingError("address", f"{address}: no Ray cluster answers there ({error})") from error
    options = [] if address == AUTO_ADDRESS else ["--address", address]
    command = [sys.executable, "-m", "ray.scripts.scripts", "health-check", *options]
    try:
        subprocess.run(command, timeout=ANSWER_SECONDS, capture_output=True, check=False)
    except subprocess.TimeoutExpired as error:
        problem = f"no Ray cluster answers there within {ANSWER_SECONDS:.0f} s"
        raise SettingError("address", f"{address}: {problem}") from error
