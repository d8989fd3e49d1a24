"""Small installed packages that extend the program through entry points."""

from pathlib import Path


def install_plugin(
    site: Path, package: str, group: str, entries: dict[str, str], source: str = "", version: str = "1.0"
) -> None:
    """Write an installed package below ``site``, a folder of the import path, as an installer would.

    ``package`` is the name of the distribution and, with underscores, of its only module, whose text is
    ``source``; ``entries`` are the entry points of the group: ``"module:attribute"`` by name.
    """
    module = package.replace("-", "_")
    site.mkdir(parents=True, exist_ok=True)
    (site / f"{module}.py").write_text(source, encoding="utf-8")
    info = site / f"{module}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8"
    )
    lines = [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
