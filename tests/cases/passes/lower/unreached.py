"""Code that is never reached, loops that only break ends, and constants as conditions."""

#: verify
#: run: prog(packet=zeros(64)) == XDP_PASS
from ctypes import c_uint64
from pbpf import bpf, bpfglobal, section
from vmlinux import XDP_PASS, XDP_DROP

@bpf
@section("xdp")
def prog(ctx):
    i = 0
    while True:
        i += 1
        if i > 5:
            break
    if True:
        j = 3
    else:
        return XDP_DROP
    for k in range(4):
        break
    else:
        j = 9
    n = 2 if False else i
    assert True
    return XDP_PASS if i + j + n == 15 else XDP_DROP
    i = 4
