"""The kinds of input by their names."""

from support.fuzzing.cases import Kind

SHARES = {"texts": 12.0, "tables": 2.0, "json": 3.0, "hdf5": 3.0, "checkpoints": 3.0, "films": 4.0}
"""Which part of a campaign's time each kind gets."""


def kind_of(name: str) -> Kind:
    """The kind of a name; its libraries are loaded only now."""
    match name:
        case "texts":
            from support.fuzzing.texts import Texts

            return Texts()
        case "tables":
            from support.fuzzing.tables import Tables

            return Tables()
        case "json":
            from support.fuzzing.json_files import JsonFiles

            return JsonFiles()
        case "hdf5":
            from support.fuzzing.hdf5_files import Hdf5Files

            return Hdf5Files()
        case "checkpoints":
            from support.fuzzing.checkpoint_files import CheckpointFiles

            return CheckpointFiles()
        case "films":
            from support.fuzzing.film_files import FilmFiles

            return FilmFiles()
    raise ValueError(name)
