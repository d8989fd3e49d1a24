"""A hook of MkDocs: adds the generated pages, and puts them into the navigation."""

from pathlib import Path

from api import api_pages
from commands import command_pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[2]
PICTURES = ("report.png", "terminal.png")  # of the README too


def on_config(config: MkDocsConfig) -> None:
    """Put the generated pages below the headings that name their folders."""
    for entry in config.nav or []:
        for heading, content in entry.items():
            if heading == "Commands":
                entry[heading] = list(command_pages())
            if heading == "Python":
                entry[heading] = [*content, *api_pages()]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages and the pictures."""
    for path, text in (command_pages() | api_pages()).items():
        files.append(File.generated(config, path, content=text))
    for name in PICTURES:
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(ROOT / "examples" / name)))
