"""Views of memory: records, arrays, text, and pointers to numbers, over shared bytes.

Promises: what is written through a view is seen by every other view of the same bytes; a value is cut to the width of where it is
stored. Reading or writing outside of the bytes raises `Exit`, as an automatic check ends a program.
Leaves out: layouts (`layout`).
"""

from __future__ import annotations

from typing import Any, Iterator

from .layout import Array, Field, Int, Pointer, Record, Text, Type
from .number import Kind, Num


class Exit(Exception):
    """An automatic check failed: the function returns what its program type says."""


class View:
    """A place in memory: bytes, where in them, and the type of what is there."""

    pbpf_owner = False

    def __init__(self, type: Type, data: bytearray, at: int = 0, owner: bool = False) -> None:
        object.__setattr__(self, "pbpf_place", (type, data, at))
        object.__setattr__(self, "pbpf_owner", owner)

    def __bool__(self) -> bool:
        return True

    def __bytes__(self) -> bytes:
        kind, data, at = place(self)
        return bytes(data[at : at + kind.size])


def place(view: Any) -> tuple[Any, bytearray, int]:
    """Type, bytes and offset of a view."""
    found: tuple[Any, bytearray, int] = view.pbpf_place
    return found


def _check(data: bytearray, at: int, size: int) -> None:
    if at < 0 or at + size > len(data):
        raise Exit


def load(kind: Type, data: bytearray, at: int) -> Any:
    """The value at a place: a number, or a view."""
    if isinstance(kind, Int):
        _check(data, at, kind.size)
        value = kind.decode(data[at : at + kind.size])
        return bool(value) if kind.truth else Num(value, kind.kind)
    if isinstance(kind, Pointer):
        _check(data, at, 8)
        address = Num(int.from_bytes(data[at : at + 8], "little"), Kind(64, False))
        return follow(kind, address)
    return view_of(kind, data, at)


def follow(kind: Pointer, address: int) -> Any:
    """What a pointer in memory points to; zeros where the machine has no memory there."""
    to = kind.to() if callable(kind.to) and not isinstance(kind.to, type) else kind.to
    if to is None:
        return address
    from .machine import machine
    from .layout import type_of

    target = type_of(to)
    data = machine.memory.get(int(address))
    return view_of(target, data if data is not None else bytearray(target.size), 0)


def view_of(kind: Type, data: bytearray, at: int, owner: bool = False) -> Any:
    """A view of a place."""
    if isinstance(kind, Record):
        cls = kind.view or RecordView
        view = cls.__new__(cls)
        View.__init__(view, kind, data, at, owner)
        return view
    cls = {Array: ArrayView, Text: TextView, Int: NumberView, Pointer: NumberView}[type(kind)]
    return cls(kind, data, at, owner)


def store(kind: Type, data: bytearray, at: int, value: Any) -> None:
    """Stores a value, cut to the type."""
    _check(data, at, kind.size)
    if isinstance(kind, Int):
        data[at : at + kind.size] = kind.encode(number(value))
    elif isinstance(kind, Pointer):
        address = number(value) if isinstance(value, (int, NumberView)) else 0
        data[at : at + 8] = (int(address) & ((1 << 64) - 1)).to_bytes(8, "little")
    elif isinstance(kind, Text):
        data[at : at + kind.size] = text_bytes(value, kind.size)
    elif isinstance(value, (list, tuple)) and isinstance(kind, Array):
        for index, item in enumerate(value):
            store(kind.element, data, at + index * kind.element.size, item)
    else:
        raw = bytes(value)
        data[at : at + kind.size] = raw[: kind.size].ljust(kind.size, b"\0")


def text_bytes(value: Any, size: int) -> bytes:
    """Text in a buffer: cut so that its NUL fits, the rest zero."""
    raw = value.encode() if isinstance(value, str) else bytes(value).split(b"\0")[0]
    return raw[: size - 1].ljust(size, b"\0")


def number(value: Any) -> Any:
    """A number where one is needed: of a pointer to a number, what it points to."""
    if isinstance(value, NumberView):
        return value.value
    return value.value if hasattr(value, "_type_") and hasattr(value, "value") else value


def load_field(view: View, field: Field) -> Any:
    """A field, bitfields too."""
    _, data, at = place(view)
    if field.bits is None:
        return load(field.type, data, at + field.offset)
    first, shift = field.bit_offset // 8, field.bit_offset % 8
    size = (shift + field.bits + 7) // 8
    _check(data, at + first, size)
    raw = int.from_bytes(data[at + first : at + first + size], "little") >> shift
    assert isinstance(field.type, Int)
    if field.type.truth:
        return bool(raw & 1)
    cut = field.type.kind._replace(bits=field.bits).cut(raw)
    return Num(cut, field.type.kind)


def store_field(view: View, field: Field, value: Any) -> None:
    """Stores a field, bitfields too."""
    _, data, at = place(view)
    if field.bits is None:
        store(field.type, data, at + field.offset, value)
        return
    first, shift = field.bit_offset // 8, field.bit_offset % 8
    size = (shift + field.bits + 7) // 8
    _check(data, at + first, size)
    mask = ((1 << field.bits) - 1) << shift
    old = int.from_bytes(data[at + first : at + first + size], "little")
    new = old & ~mask | (int(number(value)) << shift) & mask
    data[at + first : at + first + size] = new.to_bytes(size, "little")


class RecordView(View):
    """A struct or union; fields are attributes."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        record = place(self)[0]
        if name not in record.fields:
            raise AttributeError(f"`{record.name}` has no field `{name}`")
        return load_field(self, record.fields[name])

    def __setattr__(self, name: str, value: Any) -> None:
        record = place(self)[0]
        if name not in record.fields:
            raise AttributeError(f"`{record.name}` has no field `{name}`")
        store_field(self, record.fields[name], value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and bytes(self) == bytes(other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, count: int) -> Any:
        kind, data, at = place(self)
        return PointerView(data, at + kind.size * int(count))


class ArrayView(View):
    """An array; an index outside of it ends the program."""

    def _at(self, index: Any) -> tuple[Type, bytearray, int]:
        kind, data, at = place(self)
        index = int(number(index))
        if not 0 <= index < kind.length:
            raise Exit
        return kind.element, data, at + index * kind.element.size

    def __getitem__(self, index: Any) -> Any:
        return load(*self._at(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        store(*self._at(index), value)

    def __len__(self) -> int:
        length: int = place(self)[0].length
        return length

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, View) and bytes(self) == bytes(other)

    __hash__ = None  # type: ignore[assignment]


class TextView(View):
    """Text in a buffer."""

    def __str__(self) -> str:
        return bytes(self).split(b"\0")[0].decode(errors="replace")

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (TextView, str)) and str(self) == str(other)

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(bytes(self).split(b"\0")[0])

    def __getitem__(self, index: Any) -> Any:
        kind, data, at = place(self)
        index = int(number(index))
        if not 0 <= index < kind.size:
            raise Exit
        return Num(data[at + index], Kind(8, False))

    def __setitem__(self, index: Any, value: Any) -> None:
        kind, data, at = place(self)
        index = int(number(index))
        if not 0 <= index < kind.size:
            raise Exit
        data[at + index] = int(number(value)) & 255

    def startswith(self, prefix: Any) -> bool:
        return str(self).startswith(str(prefix))


class NumberView(View):
    """A pointer to a number, as a lookup gives it: read where a number is needed."""

    @property
    def value(self) -> Any:
        kind, data, at = place(self)
        if isinstance(kind, Pointer):
            return Num(int.from_bytes(data[at : at + 8], "little"), Kind(64, False))
        return load(kind, data, at)

    @value.setter
    def value(self, value: Any) -> None:
        store(*place(self), value)

    def __int__(self) -> int:
        return int(self.value)

    __index__ = __int__

    def __format__(self, spec: str) -> str:
        return format(int(self), spec)

    def __eq__(self, other: object) -> bool:
        return other is not None and int(self) == number(other)

    __hash__ = None  # type: ignore[assignment]


class PointerView:
    """A pointer into a packet: moved by numbers, compared with others, seen as a record by `struct_x(pointer)`."""

    def __init__(self, data: bytearray, at: int) -> None:
        self.pbpf_at = (data, at)

    def __bool__(self) -> bool:
        return True

    def __add__(self, count: Any) -> PointerView:
        return PointerView(self.pbpf_at[0], self.pbpf_at[1] + int(number(count)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, PointerView):
            return Num(self.pbpf_at[1] - other.pbpf_at[1], Kind(64, True))
        return PointerView(self.pbpf_at[0], self.pbpf_at[1] - int(number(other)))

    def __getitem__(self, index: Any) -> Any:
        return load(Int(Kind(8, False)), self.pbpf_at[0], self.pbpf_at[1] + int(number(index)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PointerView) and self.pbpf_at[1] == other.pbpf_at[1]

    def __lt__(self, other: PointerView) -> bool:
        return self.pbpf_at[1] < other.pbpf_at[1]

    def __le__(self, other: PointerView) -> bool:
        return self.pbpf_at[1] <= other.pbpf_at[1]

    __hash__ = None  # type: ignore[assignment]
