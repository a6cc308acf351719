"""Contexts for calling programs: fields by name, and packets.

Promises: reading past the end of a packet ends the program as an automatic check does. Leaves out: which fields a program type has;
one that was not given is 0.
"""

from __future__ import annotations

from typing import Any

from .memory import PointerView
from .number import Kind, Num


class Context:
    """A context whose fields are what it was made with, and 0."""

    def __init__(self, **fields: Any) -> None:
        vars(self).update(fields)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Zeros(0, Kind(64, False))


class Zeros(Num):
    """A field of a context that was not given: 0, and an array of 0."""

    def __getitem__(self, index: Any) -> Num:
        return Num(0, Kind(64, False))


class Packet(Context):
    """A context with `data` and `data_end` around bytes."""

    def __init__(self, packet: bytes, **fields: Any) -> None:
        self.packet = bytearray(packet)
        super().__init__(data=PointerView(self.packet, 0), data_end=PointerView(self.packet, len(packet)), **fields)
