"""Adds up what was sent to devices in bulk, what was dropped, and how often that went wrong."""

from ctypes import c_int32, c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import PerCpuArray

LICENSE = "GPL"


@bpf
@struct
class Counts:
    processed: c_uint64
    dropped: c_uint64
    info: c_uint64
    issue: c_uint64


@bpf
@map
def sent():
    return PerCpuArray(key=c_uint32, value=Counts, max_entries=1)


@bpf
@section("raw_tp/xdp_devmap_xmit")
def prog(ctx):
    counts = sent.lookup(0)
    if counts is None:
        return 0
    packets = c_int32(ctx.args[2])
    drops = c_int32(ctx.args[3])
    counts.processed += packets
    counts.dropped += drops
    counts.info += 1
    # An error, or less than nothing dropped, is worth a look.
    if c_int32(ctx.args[4]) != 0:
        counts.issue += 1
    if drops < 0:
        counts.issue += 1
    return 1
