"""Byte order and constants of protocols.

Constants are those of the compiler's plugins (`pbpf.model.constants`); one that a plugin of yours brings is set on `machine.constants`.
"""

from __future__ import annotations

from typing import Any

from .model.constants import constant
from .model.memory import number
from .model.number import Kind, Num


def _swap(value: Any, size: int) -> int:
    raw = (int(number(value)) & ((1 << size * 8) - 1)).to_bytes(size, "little")
    return Num(int.from_bytes(raw, "big"), Kind(size * 8, False))


def htons(value: int) -> int:
    """16 bits in network order."""
    return _swap(value, 2)


def ntohs(value: int) -> int:
    """16 bits in the machine's order."""
    return _swap(value, 2)


def htonl(value: int) -> int:
    """32 bits in network order."""
    return _swap(value, 4)


def ntohl(value: int) -> int:
    """32 bits in the machine's order."""
    return _swap(value, 4)


def __getattr__(name: str) -> Any:
    return constant("pbpf.net", name)
