"""C's meaning of arithmetic, for files that import from `pythonbpf`.

Promises: operands are converted as C's usual arithmetic conversions do (`int` at least, then the wider, then the unsigned), the
result wraps at that width, and comparison is after conversion. A literal is an `int` if it fits, else a `long long`, else an
`unsigned long long`; `/`, `//` and `%` cut towards zero; a local without annotation has 64 bits.
Leaves out: Python's meaning (`number`).
"""

from __future__ import annotations

from .number import COMPARE, EXACT, S32, S64, U64, Kind, Num


def kind_of(value: int) -> Kind:
    """The type of a number in C."""
    if isinstance(value, Num):
        return value.kind
    if isinstance(value, bool):
        return S32
    # The least `int` is written as the negative of a number that no `int` holds.
    if -(1 << 31) < value < 1 << 31:
        return S32
    return S64 if value < 1 << 63 else U64


class Made(Num):
    """A number that the program made by a constructor."""


def promoted(kind: Kind) -> Kind:
    """`int`, if it is narrower."""
    return S32 if kind.bits < 32 else Kind(kind.bits, kind.signed)


def usual(a: Kind, b: Kind) -> Kind:
    """The type that both operands are converted to."""
    a, b = promoted(a), promoted(b)
    if a.bits != b.bits:
        return a if a.bits > b.bits else b
    return a if not a.signed else b


def _truncating(a: int, b: int) -> int:
    if b == 0:
        return 0
    quotient = abs(a) // abs(b)
    return -quotient if (a < 0) != (b < 0) else quotient


def _remainder(a: int, b: int) -> int:
    return a - _truncating(a, b) * b if b else a


class CArithmetic:
    """Arithmetic in a file that imports from `pythonbpf`."""

    def bind(self, value: int) -> int:
        kind = kind_of(value)
        # A local that a constructor made, `c_uint8(1)`, keeps that type; any other has 64 bits.
        return Num(int(value), kind if isinstance(value, Made) else Kind(64, kind.signed))

    def join(self, value: int) -> int:
        return value

    def binary(self, op: str, a: int, b: int) -> int:
        # Of shifts as well, as PythonBPF has them; an exponent takes no part.
        kind = promoted(kind_of(a)) if op == "**" else usual(kind_of(a), kind_of(b))
        x, y = kind.cut(int(a)), kind.cut(int(b))
        if op in ("<<", ">>"):
            by = y & (kind.bits - 1)
            value = x << by if op == "<<" else x >> by
        elif op in ("/", "//"):
            value = _truncating(x, y)
        elif op == "%":
            value = _remainder(x, y)
        else:
            value = EXACT[op](x, y)
        return Num(kind.cut(value), kind)

    def unary(self, op: str, a: int) -> int:
        kind = promoted(kind_of(a))
        value = kind.cut(int(a))
        return Num(kind.cut({"-": -value, "~": ~value, "+": value}[op]), kind)

    def compare(self, op: str, a: int, b: int) -> bool:
        kind = usual(kind_of(a), kind_of(b))
        return COMPARE[op](kind.cut(int(a)), kind.cut(int(b)))

    def least(self, values: list[int]) -> int:
        best = values[0]
        for value in values[1:]:
            kind = usual(kind_of(best), kind_of(value))
            best = Num(min(kind.cut(int(best)), kind.cut(int(value))), kind)
        return best

    def greatest(self, values: list[int]) -> int:
        best = values[0]
        for value in values[1:]:
            kind = usual(kind_of(best), kind_of(value))
            best = Num(max(kind.cut(int(best)), kind.cut(int(value))), kind)
        return best

    def absolute(self, value: int) -> int:
        kind = promoted(kind_of(value))
        return Num(kind.cut(abs(int(value))), kind)
