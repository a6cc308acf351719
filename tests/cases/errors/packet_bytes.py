"""Bytes of a packet that are taken for something else."""
#: check

from vmlinux import XDP_PASS, struct_ethhdr, struct_iphdr

from pbpf import bpf, bpfglobal, section


@bpf
@section("xdp")
def main(ctx):
    at = struct_ethhdr(ctx.data)
    if ctx.ingress_ifindex == 8:
        at = struct_iphdr(ctx.data + 14)
    kind = at.h_proto  # error:12: [unknown-field] "struct_x(pointer)"
    if at == "x":  # error:14: [type-mismatch] "pointer to c_void in packet cannot be compared"
        kind = 1
    for b in at:  # error:14: [unsupported-for]
        kind = b
    kind = ctx.data["a"]  # error:21: [type-mismatch]
    kind = ctx.data_end[0]  # error:12: [type-mismatch] "has no elements"
    if at is None or at == 5:  # error:22: [type-mismatch] "is no number"
        kind = 2
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
