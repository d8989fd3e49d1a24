"""Tables of implementations by name: the package's own, and those of other installed packages.

Another package adds an implementation through an entry point, in its ``pyproject.toml``::

    [project.entry-points."mmtool.detectors"]
    brightness = "my_package.brightness:Brightness"

The entry point's name is what users choose (``--detector brightness``). Its value must point to the same kind
of object as the package's own rows of the table: see the module that makes the :class:`Registry`.
Entry points are looked up only for a name that is not built in, and loaded only when they are used.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from mmtool.errors import SettingError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


class Registry(Generic[T]):
    """Implementations of one kind by the names that a setting accepts.

    Built-in names win over entry points of the same name. A name that several other packages claim cannot
    be used; :meth:`problems` lists both cases.

    Args:
        group: The group of the entry points, such as ``"mmtool.detectors"``.
        setting: The setting that holds the name, for error messages.
        built_in: The package's own implementations: ``"module:attribute"`` by name.
        expected: What an implementation must be, for error messages.
        accepts: Whether a plug-in's object is an implementation.
    """

    def __init__(
        self,
        group: str,
        setting: str,
        built_in: Mapping[str, str],
        *,
        expected: str = "an implementation",
        accepts: Callable[[object], bool] = lambda _: True,
    ) -> None:
        self.group, self.setting, self.built_in = group, setting, dict(built_in)
        self._expected, self._accepts = expected, accepts

    def names(self) -> tuple[str, ...]:
        """All usable names: the built-in ones in the order of the table, then those of plug-ins, sorted."""
        found, _ = self._plugins()
        usable = [name for name, points in found.items() if len(points) == 1 and name not in self.built_in]
        return *self.built_in, *sorted(usable)

    def __contains__(self, name: str) -> bool:
        """Whether the name is built in or claimed by a plug-in, usable or not."""
        return name in self.built_in or name in self._plugins()[0]

    def load(self, name: str) -> T:
        """Import the implementation of a name.

        Raises:
            SettingError: The name is unknown, claimed by several packages, or its plug-in is broken.
        """
        if name in self.built_in:
            return cast(T, resolve_name(self.built_in[name]))
        found, problems = self._plugins()
        points = found.get(name, [])
        if not points:
            more = "".join(f"; {problem}" for problem in problems)
            raise SettingError(self.setting, f"must be one of {', '.join(self.names())}, not {name!r}{more}")
        if len(points) > 1:
            raise SettingError(self.setting, _clash(name, points))
        return self._load_plugin(points[0])

    def problems(self) -> list[str]:
        """One line for each plug-in that cannot be used: clashing, or broken. Loads all plug-ins."""
        found, problems = self._plugins()
        for name, points in sorted(found.items()):
            if name in self.built_in:
                problems += [f"{_origin(point)} is ignored: {name} is built in" for point in points]
            elif len(points) > 1:
                problems.append(_clash(name, points))
            else:
                try:
                    self._load_plugin(points[0])
                except SettingError as error:
                    problems.append(error.problem)
        return problems

    def _load_plugin(self, point: "EntryPoint") -> T:
        try:
            loaded = point.load()
        except Exception as error:  # a plug-in may fail in any way
            problem = f"cannot be loaded: {type(error).__name__}: {error}"
        else:
            if self._accepts(loaded):
                return cast(T, loaded)
            problem = f"is not {self._expected}"
        problem = " ".join(problem.split())
        raise SettingError(
            self.setting, f"{point.name}: {_origin(point)} {problem}; update or uninstall that package"
        )

    def _plugins(self) -> tuple[dict[str, "list[EntryPoint]"], list[str]]:
        """The entry points by name, and what is wrong with the metadata of installed packages."""
        from importlib.metadata import entry_points  # takes longer to load than most built-in rows

        found: dict[str, list[EntryPoint]] = {}
        try:
            points = sorted(entry_points(group=self.group), key=attrgetter("name", "value"))
        except Exception as error:  # somebody's malformed metadata must not break the built-in names
            return {}, [f"plug-ins cannot be listed: {type(error).__name__}: {error}"]
        for point in points:
            found.setdefault(point.name, []).append(point)
        return found, []


def _origin(point: "EntryPoint") -> str:
    """The package and the object that an entry point names, in words."""
    package = "an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"
    return f"{point.value} of {package}"


def _clash(name: str, points: "list[EntryPoint]") -> str:
    return f"{name} is claimed by {' and by '.join(map(_origin, points))}; uninstall all but one"
