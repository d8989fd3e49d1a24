"""A process on a machine of a Ray cluster, which may be one where mmtool is missing or differs."""

from typing import Any

COMPARED = ("numpy", "torch", "torchvision", "transformers", "opencv-python", "av")  # beside mmtool itself


def machine_class() -> type:
    """The class of Ray's actors. It is sent as code, so it must not use anything of mmtool's at first."""

    class Machine:
        """Says what is wrong with its machine; if nothing is, encodes one film after another."""

        def get_ready(self, needs: tuple[str, bytes, dict[str, str], dict[str, int]]) -> tuple[str, str, str]:
            """Check versions, films and weights: the machine's name, what is wrong, and the device."""
            import os
            import pickle
            import platform
            from contextlib import suppress

            folder, work, versions, sizes = needs
            node = platform.node()
            with suppress(OSError):
                os.chdir(folder)  # relative paths are the caller's; machines without it need absolute ones
            problem = self._versions(versions) or self._films(sizes)
            if problem:
                return node, f"{node} {problem}", ""
            self.work: Any = pickle.loads(work)  # noqa: S301  it comes from the caller
            from mmtool.errors import MmtoolError

            try:
                return node, "", self.work.get_ready()
            except MmtoolError as error:
                return node, f"{node} cannot be used: {error}", ""

        def _versions(self, versions: dict[str, str]) -> str:
            from importlib.metadata import PackageNotFoundError, version

            try:
                from mmtool import __version__ as found
            except ImportError:
                return f"has no mmtool; install mmtool[ray] {versions['mmtool']} there"
            for name, wanted in versions.items():
                if name != "mmtool":
                    try:
                        found = version(name).partition("+")[0]
                    except PackageNotFoundError:
                        continue  # another package provides it; if none does, the encoder cannot be loaded
                if found != wanted:
                    return f"has {name} {found}, not {wanted}; install the same versions on all machines"
            return ""

        def _films(self, sizes: dict[str, int]) -> str:
            import os

            for path, wanted in sizes.items():
                try:
                    found = os.stat(path).st_size  # noqa: PTH116  pathlib would do no more
                except OSError as error:
                    return f"cannot read {path} ({error.strerror}); put the same films on all machines"
                if found != wanted:
                    sizes_differ = f"{path} has {found:,} bytes there, not {wanted:,}"
                    return f"has another film: {sizes_differ}; put the same films on all machines"
            return ""

        def encode(self, film: Any) -> Any:
            """The features of a film, or why it failed."""
            return self.work(film)

    return Machine
