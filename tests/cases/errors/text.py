"""Wrong uses of text, and wrong comparisons."""
#: check
from ctypes import c_int, c_uint32

from pbpf import bpf, bpfglobal, section, struct


@bpf
@struct
class A:
    x: c_int


@bpf
@struct
class B:
    x: c_int


@bpf
@section("xdp")
def prog(ctx):
    s: str(8) = "text"
    t: str(4) = "longer"  # warning:17: [text-cut] "needs 7 bytes"
    if s < t:  # error:12: [unsupported-comparison] "text cannot be compared with `<`"
        pass
    if s == t == "text":  # error:8: [unsupported-comparison] "one other at a time"
        pass
    if s == 3:  # error:13: [type-mismatch] "str(8) cannot be compared with c_int64"
        pass
    if s is "text":  # error:13: [unsupported-comparison] "`is`"
        pass
    a, b = A(1), B(1)
    if a == b:  # error:13: [type-mismatch] "A cannot be compared with B"
        pass
    if a > A(2):  # error:12: [unsupported-comparison] "`>`"
        pass
    if a == 1:  # error:13: [type-mismatch]
        pass
    if a:  # error:8: [type-mismatch] "neither true nor false"
        pass
    p = (c_uint32 * 2)(1)
    if p == (c_uint32 * 3)(1):  # error:13: [type-mismatch]
        pass
    if "x" in p:  # error:15: [type-mismatch] "is no text"
        pass
    if a.startswith("x"):  # error:8: [type-mismatch] "is no text"
        pass
    s[-1] = 0  # error:7: [index-out-of-range]
    s[8] = 0  # error:7: [index-out-of-range]
    if s[0] == "ab":  # error:16: [type-mismatch]
        pass
    n = s + "x"  # error:9: [type-mismatch]
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
