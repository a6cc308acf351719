"""Accesses to a packet that cannot be proved and cannot be checked."""

from vmlinux import XDP_PASS, struct_ethhdr

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_xdp_adjust_head


@bpf
@section("xdp")
def moved(ctx):
    eth = struct_ethhdr(ctx.data)
    if ctx.data + 14 > ctx.data_end:
        return XDP_PASS
    bpf_xdp_adjust_head(-8)
    return eth.h_proto  # error:12: [unproved-packet-access] "bpf_xdp_adjust_head"


@bpf
@section("xdp")
def far(ctx):
    eth = struct_ethhdr(ctx.data + 100000)
    return eth.h_proto  # error:12: [unproved-packet-access]


@bpf
@section("xdp")
def before(ctx):
    eth = struct_ethhdr(ctx.data - 20)
    return eth.h_proto  # error:12: [unproved-packet-access]


@bpf
@section("xdp")
def first(ctx):
    return ctx.data[-1] & 1  # error:12: [unproved-packet-access] "in front of the data"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
