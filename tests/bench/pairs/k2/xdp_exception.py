"""Counts packets that were dropped with an exception, by what their program had returned."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import PerCpuArray
from vmlinux import XDP_REDIRECT

LICENSE = "GPL"

UNKNOWN = 5


@bpf
@struct
class Counts:
    processed: c_uint64
    dropped: c_uint64
    issue: c_uint64


@bpf
@map
def exceptions():
    return PerCpuArray(key=c_uint32, value=Counts, max_entries=6)


@bpf
@section("raw_tp/xdp_exception")
def prog(ctx):
    action = c_uint32(ctx.args[2])
    counts = exceptions.lookup(action if action <= XDP_REDIRECT else UNKNOWN)
    if counts is not None:
        counts.dropped += 1
    return 0
