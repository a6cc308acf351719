"""Kernel types and enumerators from BTF, for the model.

Promises: sizes and offsets are those of the kernel that runs (`/sys/kernel/btf/vmlinux`); what was read is kept. The form is that of
`Documentation/bpf/btf.rst`. Leaves out: functions, variables, and types that programs cannot name.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Any

from .layout import Array, Field, Int, Pointer, Record, Type
from .number import Kind
from .records import view_class

VMLINUX = "/sys/kernel/btf/vmlinux"

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF = 1, 2, 3, 4, 5, 6, 7, 8
VOLATILE, CONST, RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(9, 20)


class Btf:
    """The types of a BTF blob; the members of a type are read when it is asked for."""

    def __init__(self, blob: bytes) -> None:
        magic, _, _, header, type_at, type_len, text_at, text_len = struct.unpack_from("<HBBIIIII", blob)
        if magic != 0xEB9F:
            raise ValueError("this is no BTF")
        self.blob = blob
        self.texts = header + text_at
        self.types: list[tuple[int, int]] = [(0, 0)]
        self.names: dict[tuple[str, bool], int] = {}
        self.made: dict[int, Type] = {}
        at, end = header + type_at, header + type_at + type_len
        sizes = {INT: 4, ARRAY: 12, VAR: 4, DECL_TAG: 4}
        each = {STRUCT: 12, UNION: 12, ENUM: 8, FUNC_PROTO: 8, DATASEC: 12, ENUM64: 12}
        while at < end:
            name, info, _ = struct.unpack_from("<III", blob, at)
            kind, count = info >> 24 & 31, info & 0xFFFF
            if kind in (STRUCT, UNION) and name:
                self.names.setdefault((self.text(name), kind == UNION), len(self.types))
            self.types.append((kind, at))
            at += 12 + sizes.get(kind, 0) + each.get(kind, 0) * count
        self._enumerators: dict[str, int] | None = None

    def text(self, at: int) -> str:
        start = self.texts + at
        return self.blob[start : self.blob.index(b"\0", start)].decode()

    @property
    def enumerators(self) -> dict[str, int]:
        """All enumerators of the kernel, by name."""
        if self._enumerators is None:
            found: dict[str, int] = {}
            for kind, at in self.types:
                if kind not in (ENUM, ENUM64):
                    continue
                info = struct.unpack_from("<I", self.blob, at + 4)[0]
                signed, form = info >> 31, "<II" if kind == ENUM else "<III"
                for index in range(info & 0xFFFF):
                    name, low, *high = struct.unpack_from(form, self.blob, at + 12 + index * struct.calcsize(form))
                    bits = 64 if high else 32
                    value = low | (high[0] << 32 if high else 0)
                    found.setdefault(self.text(name), Kind(bits, bool(signed)).cut(value))
            self._enumerators = found
        return self._enumerators

    def record(self, name: str, union: bool = False) -> Record | None:
        """The struct or union of that name."""
        found = self.names.get((name, union))
        made = self.type(found) if found else None
        return made if isinstance(made, Record) else None

    def type(self, number: int) -> Type:
        if number not in self.made:
            self.made[number] = self._read(number)
        return self.made[number]

    def _read(self, number: int) -> Type:
        kind, at = self.types[number]
        name, info, size = struct.unpack_from("<III", self.blob, at)
        if kind in (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG):
            return self.type(size) if size else Int(Kind(8, False))
        if kind == INT:
            encoding = struct.unpack_from("<I", self.blob, at + 12)[0]
            return Int(Kind(size * 8, bool(encoding >> 24 & 1)), truth=bool(encoding >> 24 & 4))
        if kind in (ENUM, ENUM64):
            return Int(Kind(size * 8, bool(info >> 31)))
        if kind == PTR:
            return Pointer(self._target(size))
        if kind == ARRAY:
            element, _, count = struct.unpack_from("<III", self.blob, at + 12)
            return Array(self.type(element), count)
        if kind in (STRUCT, UNION):
            return self._record(number, at, self.text(name), info, size)
        return Pointer()

    def _target(self, number: int) -> Any:
        """What a pointer points to, where it is a record: a function, for types point at each other in circles."""
        while number and self.types[number][0] in (TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG):
            number = struct.unpack_from("<I", self.blob, self.types[number][1] + 8)[0]
        return (lambda: self.type(number)) if self.types[number][0] in (STRUCT, UNION) else None

    def _record(self, number: int, at: int, name: str, info: int, size: int) -> Record:
        record = self.made[number] = Record(name)
        record.size, record.align = size, 8
        for index in range(info & 0xFFFF):
            text, kind, offset = struct.unpack_from("<III", self.blob, at + 12 + index * 12)
            bits, place = (offset >> 24, offset & 0xFFFFFF) if info >> 31 else (0, offset)
            inner = self.type(kind)
            if text:
                record.fields[self.text(text)] = Field(inner, place, bits or None)
            elif isinstance(inner, Record):
                # Members of nameless members are members of their owner.
                for member, field in inner.fields.items():
                    record.fields[member] = Field(field.type, place + field.bit_offset, field.bits)
        view_class(record)
        return record


@lru_cache(maxsize=1)
def kernel() -> Btf | None:
    """The running kernel's types, if it tells them."""
    try:
        with open(VMLINUX, "rb") as file:
            return Btf(file.read())
    except OSError:
        return None
