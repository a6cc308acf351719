"""Wrong declarations of structs, unions and bitfields."""
#: check
from ctypes import (
    BigEndianStructure,
    POINTER,
    Structure,
    Union,
    c_char,
    c_double,
    c_int,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
    c_wchar,
)
from enum import Enum, IntEnum

from pbpf import bits, bpf, bpfglobal, map, section, struct, union
from pbpf.maps import ArrayMap


@bpf
@struct
class Twice:
    a: c_int
    a: c_uint8  # error:5: [duplicate-name] "there are two fields `a`"


@bpf
@struct
class Nothing:  # error:7: [bad-declaration] "has no fields"
    pass


@bpf
@struct
class Unknown:
    a: c_unit32  # error:8: [unknown-type] "c_unit32"
    b: c_double  # error:8: [bad-type] "no floating point"
    c: c_wchar  # error:8: [bad-type] "str(N)"


@bpf
@struct
class Itself:
    a: c_int
    me: "Itself"  # error:9: [bad-type] "holds the record that it belongs to"
    us: Itself * 2  # error:9: [bad-type] "holds the record that it belongs to"


@bpf
@struct
class Bits:
    a: c_uint8 = bits(9)  # error:23: [bad-bitfield] "1 to 8 bits, not 9"
    b: c_uint8 = bits(0)  # error:23: [bad-bitfield] "1 to 8 bits, not 0"
    c: c_void_p = bits(1)  # error:8: [bad-bitfield] "cannot be a bitfield"
    d: c_uint8 * 2 = bits(1)  # error:8: [bad-bitfield] "cannot be a bitfield"
    e: c_uint8 = bits()  # error:18: [bad-declaration] "bits(N)"
    f: c_uint8 = bits(1, value=2)  # error:32: [bad-declaration] "bits(N, default=1)"
    g: c_uint8 = bits(Bits)  # error:23: [not-constant]


@bpf
class Narrower(Structure):
    _fields_ = [("a", c_uint32, 20), ("b", c_uint8, 3)]  # error:39: [bad-bitfield] "narrower type"


@bpf
class Cut(Structure):  # warning:7: [bitfield-layout] "`a` is at bit 32 here and at bit 8 in C"
    _fields_ = [("x", c_uint8), ("a", c_uint32, 3)]


@bpf
class Forms(Structure):
    _fields_ = [
        ("a", c_char, 2, 3),  # error:9: [bad-declaration] "(\"name\", type, bits)"
        ("b",),  # error:9: [bad-declaration]
        "c",  # error:9: [bad-declaration]
        ("d e", c_int),  # error:10: [bad-declaration] "no name for a field"
        ("g", c_int, 40),  # error:22: [bad-bitfield] "1 to 32"
    ]


@bpf
class Pack(Structure):
    _pack_ = 3  # error:14: [bad-declaration] "power of two"
    _fields_ = [("a", c_int)]


@bpf
class Anonymous(Structure):
    _anonymous_ = ("nobody",)  # error:20: [unknown-field] "no field"
    _fields_ = [("a", c_int)]


@bpf
class Number(Structure):
    _anonymous_ = ("a",)  # error:20: [bad-type] "no struct or union"
    _fields_ = [("a", c_int)]


@bpf
class Big(BigEndianStructure):  # error:11: [bad-declaration] "little-endian"
    _fields_ = [("a", c_int)]


@bpf
@union
class Both(Structure):  # error:7: [bad-declaration] "a struct and a union"
    _fields_ = [("a", c_int)]


@bpf
@struct(packed=True, algin=4)  # error:28: [bad-declaration] "`packed=True`, `align=N`"
class Options:
    a: c_int


@bpf
@struct(align=3)  # error:15: [bad-declaration] "power of two"
class Odd:
    a: c_int


@bpf
@struct
class Method:
    a: c_int

    def f(self):  # error:5: [bad-declaration] "holds fields only"
        pass


@bpf
@struct
class Default:
    a: c_int = "text"  # error:16: [bad-declaration] "the default of `a`"
    b: str(4) = 1  # error:17: [bad-declaration] "the default of `b`"
    c: c_int * 2 = 0  # error:20: [bad-declaration] "the default of `c`"


@bpf
@struct
class Huge:  # error:7: [bad-type] "larger than 64 MiB"
    a: c_uint64 * 0x100000
    b: c_uint64 * 0x100000
    c: c_uint64 * 0x100000
    d: c_uint64 * 0x100000
    e: c_uint64 * 0x100000
    f: c_uint64 * 0x100000
    g: c_uint64 * 0x100000
    h: c_uint64 * 0x100000
    i: c_uint64


@bpf
@struct
class Larger:
    a: (c_uint64 * 0x100000) * 0x100000  # error:8: [bad-type] "larger than 64 MiB"


@bpf
class Plain(Enum):  # error:13: [bad-declaration] "IntEnum"
    A = 1


@bpf
class Empty(IntEnum):  # error:7: [bad-declaration] "no members"
    pass


@bpf
class Members(IntEnum):
    A = 1
    B = later  # error:9: [not-constant] "`auto()`"


@bpf
class Same(IntEnum):
    A = 1
    A = 2  # error:5: [duplicate-name]


# Nothing is wrong with classes of user space's that no program uses.
class Free(Structure):
    _fields_ = [("a", c_double)]


class FreeEnum(Enum):
    A = "a"


@struct  # A warning: the decorator says what is meant.
class Forgotten:  # warning:7: [missing-bpf]
    a: c_int


@bpf
@section("xdp")
def prog(ctx):
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
