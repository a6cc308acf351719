"""Types as they lie in memory: sizes, alignments, and the way between bytes and values.

Promises: sizes and offsets are those of `ctypes` on x86-64. Types are written as in programs: `ctypes` integers, `T * N`,
`str(N)` (which Python evaluates to the text of N), `bytes(N)` (N zero bytes), and records.
Leaves out: views of memory (`memory`).
"""

from __future__ import annotations

import ctypes
from typing import Any

from .number import Kind


class Type:
    """A type with a size and an alignment, in bytes."""

    size: int
    align: int


class Int(Type):
    """An integer, or a truth value of one byte."""

    def __init__(self, kind: Kind, truth: bool = False) -> None:
        self.kind = kind
        self.truth = truth
        self.size = self.align = kind.bits // 8

    def decode(self, data: bytes | bytearray) -> int:
        return int.from_bytes(data, "little", signed=self.kind.signed)

    def encode(self, value: int) -> bytes:
        if self.truth:
            value = int(bool(value))
        return (int(value) & ((1 << self.kind.bits) - 1)).to_bytes(self.size, "little")


class Pointer(Type):
    """An address; `to` is what it points to, where that is known."""

    size = align = 8

    def __init__(self, to: Any = None) -> None:
        self.to = to


class Text(Type):
    """Text in a buffer, its NUL counted."""

    align = 1

    def __init__(self, length: int) -> None:
        self.size = length


class Array(Type):
    """Several of one type."""

    def __init__(self, element: Type, length: int) -> None:
        self.element = element
        self.length = length
        self.size = element.size * length
        self.align = element.align


class Record(Type):
    """A struct or union: fields by name, with offsets in bits and widths of bitfields."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.fields: dict[str, Field] = {}
        self.size = 0
        self.align = 1
        self.view: Any = None


class Field:
    """A field of a record."""

    def __init__(self, type: Type, bit_offset: int, bits: int | None = None) -> None:
        self.type = type
        self.bit_offset = bit_offset
        self.bits = bits

    @property
    def offset(self) -> int:
        return self.bit_offset // 8


class TypeForm:
    """A type in the form that programs write, where Python has none: a class whose `T * N` is an array."""

    pbpf_type: Type

    def __init__(self, type: Type) -> None:
        self.pbpf_type = type

    def __mul__(self, length: int) -> TypeForm:
        return TypeForm(Array(self.pbpf_type, int(length)))


_INTS: dict[str, Int] = {}


def _int_of(cls: Any) -> Int | None:
    code = getattr(cls, "_type_", None)
    if not isinstance(code, str) or code not in "cbBhHiIlLqQ?":
        return None
    if code not in _INTS:
        signed = code in "cbhilq"
        _INTS[code] = Int(Kind(ctypes.sizeof(cls) * 8, signed), truth=code == "?")
    return _INTS[code]


def type_of(form: Any) -> Type:
    """The type that an annotation or an argument of a map means; `TypeError` if it is none."""
    if isinstance(form, Type):
        return form
    found = getattr(form, "pbpf_type", None)
    if isinstance(found, Type):
        return found
    if form is bool:
        return _int_of(ctypes.c_bool)  # type: ignore[return-value]
    if form is int:
        return _int_of(ctypes.c_int64)  # type: ignore[return-value]
    if isinstance(form, str) and form.isdigit():
        return Text(int(form))
    if isinstance(form, bytes):
        return Array(type_of(ctypes.c_uint8), len(form))
    if isinstance(form, type):
        if issubclass(form, ctypes.Array):
            return Array(type_of(form._type_), form._length_)
        if issubclass(form, (ctypes.c_void_p, ctypes.c_char_p)):
            return Pointer()
        if getattr(form, "contents", None) is not None and hasattr(form, "_type_"):
            return Pointer(form._type_)
        if issubclass(form, (ctypes.Structure, ctypes.Union)):
            return ctypes_record(form)
        found = _int_of(form)
        if found is not None:
            return found
    raise TypeError(f"{form!r} is no type of a program")


_CTYPES: dict[type, Record] = {}


def ctypes_record(cls: Any) -> Record:
    """The record of a `ctypes` structure or union, offsets as `ctypes` has them."""
    if cls in _CTYPES:
        return _CTYPES[cls]
    record = _CTYPES[cls] = Record(cls.__name__)
    for base in reversed(cls.__mro__):
        for name, form, *width in base.__dict__.get("_fields_", ()):
            at = getattr(cls, name)
            if width:
                low, bits = at.size & 0xFFFF, at.size >> 16
                record.fields[name] = Field(type_of(form), at.offset * 8 + low, bits)
            else:
                record.fields[name] = Field(type_of(form), at.offset * 8)
    record.size, record.align = ctypes.sizeof(cls), ctypes.alignment(cls)
    return record


def lay_out(name: str, members: list[tuple[Any, ...]], union: bool = False, packed: bool = False) -> Record:
    """A record of (name, type) or (name, type, bits), laid out as C does."""
    record = Record(name)
    end = 0
    for field, form, *rest in members:
        kind = type_of(form)
        align = 1 if packed else kind.align
        record.align = max(record.align, align)
        bits = rest[0] if rest else None
        if union:
            start = 0
        elif bits is None:
            start = -(-end // (align * 8)) * align * 8
        else:
            # A bitfield does not cross a unit of its type.
            unit = kind.size * 8
            start = end if packed or end // unit == (end + bits - 1) // unit else -(-end // unit) * unit
        record.fields[field] = Field(kind, start, bits)
        end = max(end, start + (kind.size * 8 if bits is None else bits))
    unit = record.align * 8
    record.size = -(-end // unit) * unit // 8
    return record
