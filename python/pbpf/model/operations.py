"""What the operators, names and calls of a program become when it runs in CPython.

Promises: each operand is evaluated once, in Python's order; the difference between the two meanings of arithmetic is in the object
given to `Operations`. Leaves out: which syntax becomes which operation (`transform`).
"""

from __future__ import annotations

import builtins
import ctypes
from typing import Any, Callable, Iterator

from .c_number import CArithmetic, Made
from .layout import Array, Int, Pointer, Record, Text, Type, TypeForm, type_of
from .machine import machine
from .memory import (
    Exit,
    NumberView,
    PointerView,
    TextView,
    View,
    number,
    place,
    store,
    view_of,
)
from .number import Num, PythonArithmetic


class Operations:
    """The operations of a file, which has one meaning of arithmetic."""

    def __init__(self, arithmetic: PythonArithmetic | CArithmetic) -> None:
        self.arithmetic = arithmetic
        self.calls: dict[Any, Callable[..., Any]] = {
            builtins.print: self.print,
            builtins.min: lambda *a: arithmetic.least([number(v) for v in a]),
            builtins.max: lambda *a: arithmetic.greatest([number(v) for v in a]),
            builtins.abs: lambda a: arithmetic.absolute(number(a)),
            builtins.len: self.length,
            builtins.bool: lambda a=False: bool(number(a)),
            builtins.int: lambda a=0: self.cast(ctypes.c_int64, a),
            builtins.str: self.text,
            builtins.bytes: lambda n: self.zero(Array(type_of(ctypes.c_uint8), int(n))),
            builtins.range: self.range,
            builtins.hasattr: self.has,
            ctypes.sizeof: self.size,
        }

    # Operators

    def binary(self, op: str, a: Any, b: Any) -> Any:
        if op == "*" and (isinstance(a, (type, TypeForm))):
            return a * int(b)
        if isinstance(a, (PointerView, View)) and not isinstance(a, NumberView) or isinstance(b, PointerView):
            return a + b if op == "+" else a - b
        return self.arithmetic.binary(op, number(a), number(b))

    def unary(self, op: str, a: Any) -> Any:
        return self.arithmetic.unary(op, number(a))

    def compare(self, op: str, a: Any, b: Any) -> bool:
        if a is None or b is None:
            same = a is b
            return same if op in ("is", "==") else not same
        if isinstance(a, (str, TextView, PointerView)) or isinstance(b, (str, TextView, PointerView)):
            return _plain(op, a, b)
        if isinstance(a, View) and not isinstance(a, NumberView):
            return _plain(op, a, b)
        return self.arithmetic.compare(op, number(a), number(b))

    def contains(self, value: Any, container: Any) -> bool:
        if isinstance(container, (tuple, list)):
            return any(self.compare("==", value, item) for item in container)
        if isinstance(container, range):
            return int(number(value)) in container
        return value in container

    def join(self, value: Any) -> Any:
        return self.arithmetic.join(value) if isinstance(value, int) else value

    # Variables

    def bind(self, value: Any) -> Any:
        """What a local without annotation holds: a number, a copy of a record, or a reference."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return self.arithmetic.bind(value)
        if isinstance(value, View) and value.pbpf_owner:
            kind, _, _ = place(value)
            return view_of(kind, bytearray(bytes(value)), 0, owner=True)
        if isinstance(value, str):
            return self._held(Text(len(value.encode()) + 1), value)
        return value

    def declare(self, form: Any, value: Any) -> Any:
        """What a local with an annotation holds."""
        kind = type_of(form)
        if isinstance(kind, Int):
            value = number(value)
            if value is None or not isinstance(value, int):
                return value
            return bool(value) if kind.truth else Num(kind.kind.cut(int(value)), kind.kind)
        if isinstance(kind, Pointer):
            return value
        if isinstance(kind, Record) and isinstance(value, View) and not value.pbpf_owner:
            return value
        return self._held(kind, value)

    def _held(self, kind: Type, value: Any) -> Any:
        view = view_of(kind, bytearray(kind.size), 0, owner=True)
        store(kind, place(view)[1], 0, value)
        return view

    def update(self, op: str, current: Any, value: Any) -> Any:
        """`x op= value` of a local: a number behind a pointer is changed where it is."""
        if isinstance(current, NumberView):
            current.value = self.binary(op, current, value)
            return current
        return self.binary(op, current, value)

    def current(self, container: Any, key: Any) -> Any:
        """The element that `container[key] op= value` starts from; nothing yet for a map's."""
        return None if hasattr(container, "pbpf_change") else container[key]

    def change(self, container: Any, key: Any, op: str, current: Any, value: Any) -> None:
        """`container[key] op= value`; what a map has under the key is changed at once, when the value is known."""
        if current is None:
            container.pbpf_change(key, lambda found: self.binary(op, found, value))
        else:
            container[key] = self.binary(op, current, value)

    def fail(self) -> None:
        """What a failed `assert` does."""
        raise Exit

    # Calls

    def call(self, func: Any, *args: Any, **names: Any) -> Any:
        try:
            special = self.calls.get(func)
        except TypeError:
            special = None
        if special is not None:
            return special(*args, **names)
        if isinstance(func, TypeForm):
            return self.zero(func.pbpf_type)
        if isinstance(func, type) and issubclass(func, (ctypes.Array, ctypes.Structure, ctypes.Union)):
            return self.make(type_of(func), args, names)
        if isinstance(func, type) and issubclass(func, ctypes._SimpleCData):
            return self.cast(func, *args)
        return func(*args, **names)

    def cast(self, form: Any, value: Any = 0) -> Any:
        kind = type_of(form)
        if isinstance(kind, Pointer) or isinstance(value, PointerView):
            return value
        value = number(value)
        assert isinstance(kind, Int)
        return bool(value) if kind.truth else Made(kind.kind.cut(int(value)), kind.kind)

    def zero(self, kind: Type) -> Any:
        return view_of(kind, bytearray(kind.size), 0, owner=True)

    def make(self, kind: Type, args: tuple[Any, ...], names: dict[str, Any]) -> Any:
        """A new array or record, or one seen where a pointer points."""
        if isinstance(kind, Record) and args and not names:
            return look(kind, args[0])
        view = self.zero(kind)
        for index, value in enumerate(args):
            view[index] = value
        for name, value in names.items():
            setattr(view, name, value)
        return view

    def text(self, length: Any) -> Any:
        return length if isinstance(length, (str, TextView)) else self.zero(Text(int(length)))

    def length(self, value: Any) -> int:
        if isinstance(value, (View, str, tuple, list)):
            return len(value)
        return self.size(value)

    def size(self, form: Any) -> int:
        return place(form)[0].size if isinstance(form, View) else type_of(form).size

    def has(self, value: Any, name: str) -> bool:
        kind = place(value)[0] if isinstance(value, View) else type_of(value)
        return isinstance(kind, Record) and name in kind.fields

    def range(self, *bounds: Any) -> range:
        return range(*(int(number(b)) for b in bounds))

    def print(self, *parts: Any) -> None:
        machine.say(" ".join(shown(part) for part in parts))

    def each(self, items: Any) -> Iterator[Any]:
        return iter(items)


def look(kind: Record, where: Any) -> Any:
    """A record where a pointer points: in a packet, a view, or memory by address (zeros where there is none)."""
    if isinstance(where, PointerView):
        return view_of(kind, *where.pbpf_at)
    if isinstance(where, View) and not isinstance(where, NumberView):
        _, data, at = place(where)
        return view_of(kind, data, at)
    address = int(number(where) or 0)
    data = machine.memory.get(address)
    return view_of(kind, data if data is not None else bytearray(kind.size), 0)


def shown(part: Any) -> str:
    part = number(part) if isinstance(part, NumberView) else part
    return str(int(part)) if isinstance(part, Num) else str(part)


def _plain(op: str, a: Any, b: Any) -> bool:
    if isinstance(a, str) and isinstance(b, TextView):
        a, b = b, a
    answers = {"==": lambda: a == b, "is": lambda: a == b, "!=": lambda: not a == b, "is not": lambda: not a == b}
    order = {"<": lambda: a < b, "<=": lambda: a <= b, ">": lambda: b < a, ">=": lambda: b <= a}
    return bool((answers | order)[op]())
