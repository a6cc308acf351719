"""What the compiler decided, on request."""
#: flags: --explain-lowering

from vmlinux import XDP_PASS, struct_ethhdr

from pbpf import bpf, bpfglobal, section
from pbpf.net import htons


@bpf
@section("xdp")
def main(ctx):
    eth = struct_ethhdr(ctx.data)
    if eth.h_proto == htons(8):  # note: [explain-lowering]
        return XDP_PASS
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
