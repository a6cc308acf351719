"""Numbers that know their width, and Python's meaning of arithmetic on them.

Promises: a result is what CPython computes as long as it fits the type that the compiler gives it (64 bits, signed unless all
operands are unsigned); past that it wraps. A value is cut only where it is stored in a declared place.
Leaves out: C's meaning (`c_number`).
"""

from __future__ import annotations

import operator
from typing import Any, Callable, NamedTuple


class Kind(NamedTuple):
    """The type of a number: bits, whether signed, whether it is a literal that is not negative.

    `sure` is false where only the compiler, which sees all assignments to a variable, knows the type.
    """

    bits: int
    signed: bool
    literal: bool = False
    sure: bool = True

    @property
    def low(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    def cut(self, value: int) -> int:
        """The value that a place of this type holds after `value` was stored in it."""
        value &= (1 << self.bits) - 1
        if self.signed and value >> (self.bits - 1):
            value -= 1 << self.bits
        return value

    @property
    def natural(self) -> bool:
        return not self.signed or self.literal

    @property
    def huge(self) -> bool:
        return self.bits == 64 and not self.signed and not self.literal

    def unsure(self) -> Kind:
        return self if not self.sure else self._replace(sure=False)


LITERAL = Kind(64, True, literal=True)
S64 = Kind(64, True)
U64 = Kind(64, False)
S32 = Kind(32, True)
# A local that is a truth value here may hold numbers on another way.
BOOL = Kind(8, False, sure=False)


class Num(int):
    """An integer with its kind."""

    kind: Kind

    def __new__(cls, value: int, kind: Kind) -> Num:
        self = super().__new__(cls, value)
        self.kind = kind
        return self


class Unsure(Exception):
    """In strict mode: a value past 63 bits whose sign depends on types that the model does not see."""


class Mode:
    """How the model runs; `strict` raises `Unsure` instead of guessing."""

    strict = False


def kind_of(value: int) -> Kind:
    """The kind of a number, as the compiler types it where it stands."""
    if isinstance(value, Num):
        return value.kind
    if isinstance(value, bool):
        return BOOL
    if value < 0:
        return S64
    return LITERAL if value < 1 << 63 else U64


def fit(value: int, kind: Kind) -> Num:
    """A result as a value of its kind: as it is if it fits, wrapped if not."""
    if Mode.strict and not kind.sure and not -(1 << 63) <= value < 1 << 63:
        raise Unsure(f"{value} has no sure type")
    if not kind.low <= value <= kind.high:
        value = kind.cut(value)
    return Num(value, kind)


def settle(value: int) -> Num:
    """A value whose kind depends on what the model does not see: a local without annotation, the other arm of an `if`."""
    return fit(value, kind_of(value).unsure())


def result_kind(op: str, a: Kind, b: Kind) -> Kind:
    """The kind of `a op b`: that of `passes/src/infer/numbers.rs`."""
    sure = a.sure and b.sure
    if op == "-":
        kind = S64
    elif op == ">>":
        kind = U64 if a.huge else S64
        sure = a.sure
    elif op == "%" and b.natural and not b.huge:
        kind = S64
    elif op == "&" and ((a.natural and not a.huge) or (b.natural and not b.huge)):
        kind = S64
    elif (a.huge and b.natural) or (b.huge and a.natural):
        kind = U64
    else:
        kind = S64
    return kind if sure else kind.unsure()


def _floordiv(a: int, b: int) -> int:
    return a // b if b else 0


def _mod(a: int, b: int) -> int:
    return a % b if b else a


def _shl(a: int, b: int) -> int:
    return a << (b & 63)


def _shr(a: int, b: int) -> int:
    return a >> (b & 63)


EXACT: dict[str, Callable[[Any, Any], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": _floordiv,
    "%": _mod,
    "<<": _shl,
    ">>": _shr,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "**": operator.pow,
}


class PythonArithmetic:
    """Arithmetic in a file that imports from `pbpf`."""

    def literal(self, value: int) -> int:
        return value

    def bind(self, value: int) -> int:
        """What a local without annotation holds."""
        return settle(value)

    def join(self, value: int) -> int:
        """The value of one of several arms."""
        return settle(value) if not isinstance(value, bool) else value

    def binary(self, op: str, a: int, b: int) -> int:
        if op == "/":
            raise TypeError("`/` gives a fraction, which the kernel has no numbers for: use `//`")
        kind = result_kind(op, kind_of(a), kind_of(b))
        return fit(EXACT[op](int(a), int(b)), kind)

    def unary(self, op: str, a: int) -> int:
        value = int(a)
        exact = {"-": -value, "~": ~value, "+": value}[op]
        if op == "+":
            return a
        kind = S64 if kind_of(a).sure or not kind_of(a).huge else S64.unsure()
        return fit(exact, kind)

    def compare(self, op: str, a: int, b: int) -> bool:
        return COMPARE[op](int(a), int(b))

    def least(self, values: list[int]) -> int:
        return settle(min(values, key=int))

    def greatest(self, values: list[int]) -> int:
        return settle(max(values, key=int))

    def absolute(self, value: int) -> int:
        kind = kind_of(value)
        return fit(abs(int(value)), kind if not kind.signed else S64)


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.eq,
    "is not": operator.ne,
}
