"""What `in` looks for, and what `op=` changes, is what it was before the rest is evaluated."""
#: verify
#: run: f(packet=zeros(64)) == 115
from pbpf import bpf, bpfglobal, section


@bpf
@section("xdp")
def f(ctx):
    x = 0
    n = 0
    if x in ((x := 1), 1, x):
        n += 1
    if x in ((x := 2), 1):
        n += 10
    if x not in range((x := 5), 9):
        n += 100
    y = 4
    y += (y := 1)
    n += y
    return n


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
