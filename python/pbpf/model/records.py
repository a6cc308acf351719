"""Classes of structs and unions, as `@struct` makes them.

Promises: `S()` is zero but for the defaults and the fields named, `S(pointer)` looks at memory, `S * N` is an array.
Leaves out: layout (`layout`) and reading and writing (`memory`).
"""

from __future__ import annotations

from typing import Any

from .layout import Array, Record, TypeForm, ctypes_record, lay_out
from .memory import RecordView, store, view_of
from .operations import look


class RecordMeta(type):
    """The class of record classes."""

    pbpf_type: Record
    pbpf_defaults: dict[str, Any]

    def __call__(cls, *args: Any, **names: Any) -> Any:
        if args:
            return look(cls.pbpf_type, args[0])
        view = view_of(cls.pbpf_type, bytearray(cls.pbpf_type.size), 0, owner=True)
        for name, value in {**cls.pbpf_defaults, **names}.items():
            setattr(view, name, value)
        return view

    def __mul__(cls, length: int) -> TypeForm:
        return TypeForm(Array(cls.pbpf_type, int(length)))

    __rmul__ = __mul__


class StructOps:
    """The base of classes of callbacks."""


def record_class(cls: Any, union: bool = False, packed: bool = False, **options: Any) -> Any:
    """The record class of an annotated class, or of a `ctypes` structure."""
    if hasattr(cls, "_fields_"):
        record = ctypes_record(cls)
    else:
        hints = dict(vars(cls).get("__annotations__", {}))
        scope = vars(__import__("sys").modules.get(cls.__module__, None) or __import__("builtins"))
        for name, hint in hints.items():
            if isinstance(hint, str) and not hint.isdigit():
                hints[name] = eval(hint, dict(scope))
        members = [(name, *(hint if isinstance(hint, tuple) else (hint,))) for name, hint in hints.items()]
        record = lay_out(cls.__name__, members, union, packed or getattr(cls, "_pack_", 0) == 1)
    return view_class(record, cls.__doc__, {n: vars(cls)[n] for n in record.fields if n in vars(cls) and not hasattr(cls, "_fields_")})


def view_class(record: Record, doc: str | None = None, defaults: dict[str, Any] | None = None) -> Any:
    """The class whose instances are views of a record."""
    body = {"__doc__": doc, "pbpf_type": record, "pbpf_defaults": defaults or {}}
    made = RecordMeta(record.name, (RecordView,), body)
    record.view = made
    return made


__all__ = ["RecordMeta", "StructOps", "record_class", "store", "view_class"]
