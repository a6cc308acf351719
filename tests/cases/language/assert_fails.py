"""A failed `assert` ends the program as a failed check does."""
#: verify
#: run: f(packet=zeros(64)) == XDP_PASS
#: run: f(packet=ones(64)) == XDP_DROP
from vmlinux import XDP_DROP, struct_ethhdr

from pbpf import bpf, bpfglobal, section


@bpf
@section("xdp")
def f(ctx):
    assert struct_ethhdr(ctx.data).h_dest[0] != 0
    return XDP_DROP


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
