"""`/` in a file with Python's meaning, and divisors that are 0."""
#: check
from pbpf import bpf, bpfglobal, section


@bpf
@section("xdp")
def f(ctx):
    a = 7 / 2  # error:9: [true-division] "use `//`"
    a /= 2  # error:5: [true-division]
    a //= 0  # error:11: [division-by-zero]
    a = 7 % 0  # error:13: [division-by-zero]
    a = 7 @ 2  # error:9: [unsupported-operator]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
