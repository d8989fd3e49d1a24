"""Dictionaries, lists and NumPy arrays in a pickle, read without executing anything.

A pickle is a program for a stack machine. This one knows the instructions that build plain values, and of
those that call something only the ones with which NumPy stores arrays, whose arguments it checks. The layout
is that of Python's :mod:`pickletools`.
"""

import io
import math
import pickletools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Value = Any  # None, bool, int, float, str, bytes, list, dict with names, or an array of numbers or strings

DEEPEST = 8  # containers in containers
_DTYPE = re.compile(r"[<>=|]?(?:[iu][1248]|f[248]|b1|\?|U\d{1,6}|S\d{1,6}|O8?)")
_ARRAYS = ("numpy.core.multiarray", "numpy._core.multiarray")
_NUMERIC = ("numpy.core.numeric", "numpy._core.numeric")


class ForeignObjectError(ValueError):
    """Something in a pickle that is not a plain value or an array; the message names it."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What a pickle refers to by its name, and would import."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class _Dtype:
    code: str
    order: Any = "="

    def numpy(self) -> np.dtype[Any]:
        if not _DTYPE.fullmatch(self.code):
            raise ForeignObjectError(f"an array of type {self.code[:20]!r}")
        dtype = np.dtype(self.code)
        return dtype.newbyteorder(self.order) if self.order in "<>" else dtype


@dataclass(slots=True, eq=False)
class _Array:
    """An array whose content may follow later, because it may contain itself."""

    shape: tuple[int, ...] = ()
    dtype: _Dtype = field(default_factory=lambda: _Dtype("O"))
    columns_first: bool = False
    content: Any = None


class _Mark:
    """Where the arguments of an instruction begin on the stack."""


def read_pickle(content: bytes) -> Value:
    """The value of a pickle.

    Raises:
        ForeignObjectError: It holds something else than plain values and arrays of numbers or strings.
        ValueError: It is damaged.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(io.BytesIO(content)):
            if opcode.name == "STOP":
                return _Plain().of(machine.stack[-1], 0)
            machine.step(opcode.name, argument)
    except ForeignObjectError:
        raise
    except (IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError) as error:
        raise ValueError(f"a damaged pickle ({type(error).__name__})") from error
    raise ValueError("a pickle without an end")


class _Machine:
    """Builds values as the instructions say."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in _LITERALS:
            self.stack.append(argument)
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self.stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            count = int(name[-1])
            self.stack[-count:] = [tuple(self.stack[-count:])]
        elif name == "GLOBAL":
            self.stack.append(_Name(*argument.split(" ", 1)))
        elif name in _STEPS:
            _STEPS[name](self)
        else:
            named = next((value for value in reversed(self.stack) if isinstance(value, _Name)), None)
            raise ForeignObjectError(f"an object ({name})" if named is None else str(named))

    def mark(self) -> None:
        self.stack.append(_Mark)

    def pop(self) -> None:
        self.stack.pop()

    def items(self) -> list[Any]:
        """Take everything above the last mark, and the mark."""
        at = len(self.stack) - 1 - self.stack[::-1].index(_Mark)
        taken = self.stack[at + 1 :]
        del self.stack[at:]
        return taken

    def make_tuple(self) -> None:
        self.stack.append(tuple(self.items()))

    def make_list(self) -> None:
        self.stack.append(self.items())

    def make_dict(self) -> None:
        taken = self.items()
        self.stack.append(dict(zip(taken[::2], taken[1::2], strict=True)))

    def append(self) -> None:
        value = self.stack.pop()
        self._list().append(value)

    def appends(self) -> None:
        taken = self.items()
        self._list().extend(taken)

    def _list(self) -> list[Any]:
        if type(self.stack[-1]) is not list:
            raise ForeignObjectError("an object with items")
        return self.stack[-1]

    def set_item(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def set_items(self) -> None:
        self._set(self.items())

    def _set(self, taken: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict:
            raise ForeignObjectError("an object with entries")
        target.update(zip(taken[::2], taken[1::2], strict=True))

    def name(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(_Name(str(module), str(name)))

    def reduce(self) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        if not isinstance(called, _Name) or not isinstance(arguments, tuple):
            raise ForeignObjectError("an object that calls another one")
        self.stack.append(_called(called, arguments))

    def build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, _Dtype):
            _, target.order, parts, names, fields = state[:5]
            if parts is not None or names is not None or fields is not None:
                raise ForeignObjectError("an array of records")
        elif isinstance(target, _Array):
            *_, shape, target.dtype, target.columns_first, target.content = state
            target.shape = _checked_shape(shape)
        else:
            raise ForeignObjectError("an object with a state")


_IGNORED = ("PROTO", "FRAME")
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_STEPS: dict[str, Callable[[_Machine], None]] = {
    "MARK": _Machine.mark,
    "POP": _Machine.pop,
    "POP_MARK": lambda machine: (machine.items(), None)[1],
    "TUPLE": _Machine.make_tuple,
    "LIST": _Machine.make_list,
    "DICT": _Machine.make_dict,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "STACK_GLOBAL": _Machine.name,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}


def _called(called: _Name, arguments: tuple[Any, ...]) -> Any:
    """What NumPy's own functions for arrays, types and numbers give; nothing else is called."""
    module, name = called.module, called.name
    if (module, name) == ("numpy", "dtype"):
        return _Dtype(str(arguments[0]))
    if module in _ARRAYS and name == "_reconstruct":
        if arguments[0] != _Name("numpy", "ndarray"):
            raise ForeignObjectError(str(arguments[0]))
        return _Array()
    if module in _ARRAYS and name == "scalar":
        dtype, content = arguments
        return _Array((), dtype, False, content)
    if module in _NUMERIC and name == "_frombuffer":
        content, dtype, shape, order = arguments
        return _Array(_checked_shape(shape), dtype, order == "F", content)
    if (module, name) == ("_codecs", "encode") and arguments[1:] == ("latin1",):
        return arguments[0].encode("latin-1")
    if (module, name) in (("builtins", "bytes"), ("__builtin__", "bytes")) and not arguments:
        return b""
    if module == "collections" and name in ("OrderedDict", "defaultdict"):
        return {}  # its entries follow
    if module in ("copyreg", "copy_reg"):  # which makes an object of the class that is named first
        called = next((value for value in arguments if isinstance(value, _Name)), called)
    raise ForeignObjectError(str(called))


def _checked_shape(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise ValueError("a damaged pickle (shape)")
    return shape


class _Plain:
    """Turns what the machine has built into plain values; a container that contains itself is refused."""

    def __init__(self) -> None:
        self._known: dict[int, Value] = {}  # of containers, which may occur in several places

    def of(self, value: Any, depth: int) -> Value:
        if value is None or isinstance(value, str | bool | int | float | bytes):
            return value
        if isinstance(value, bytearray):
            return bytes(value)
        if depth > DEEPEST:
            raise ForeignObjectError("containers that are nested too deeply")
        if id(value) not in self._known:
            self._known[id(value)] = self._made(value, depth)
        return self._known[id(value)]

    def _made(self, value: Any, depth: int) -> Value:
        if isinstance(value, dict):
            return {_key(key, self): self.of(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(item, depth + 1) for item in value]
        if isinstance(value, _Array):
            return self._array(value, depth)
        raise ForeignObjectError(str(value) if isinstance(value, _Name) else "an object")

    def _array(self, array: _Array, depth: int) -> Value:
        if not isinstance(array.dtype, _Dtype):
            raise ValueError("a damaged pickle (type)")
        dtype, count, content = array.dtype.numpy(), math.prod(array.shape), array.content
        if dtype.hasobject:
            if not isinstance(content, list) or len(content) != count:
                raise ValueError("a damaged pickle (objects)")
            items = [self.of(item, depth + 1) for item in content]
            return items if array.shape else items[0]
        if isinstance(content, str):  # of Python 2
            content = content.encode("latin-1")
        if not isinstance(content, bytes | bytearray) or len(content) != count * dtype.itemsize:
            raise ValueError("a damaged pickle (array)")
        made = np.frombuffer(content, dtype).reshape(array.shape, order="F" if array.columns_first else "C")
        return made if array.shape else made.item()


def _key(key: Any, plain: _Plain) -> str:
    key = plain.of(key, DEEPEST) if not isinstance(key, _Array) else plain.of(key, 0)
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
