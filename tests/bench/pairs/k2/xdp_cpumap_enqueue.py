"""Adds up what was handed to each processor, what was dropped on the way, and in how many bulks."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.maps import PerCpuArray

LICENSE = "GPL"

PROCESSORS = 64


@bpf
@struct
class Counts:
    processed: c_uint64
    dropped: c_uint64
    issue: c_uint64


@bpf
@map
def enqueued():
    return PerCpuArray(key=c_uint32, value=Counts, max_entries=64)


@bpf
@section("raw_tp/xdp_cpumap_enqueue")
def prog(ctx):
    processed = c_uint32(ctx.args[1])
    to = c_uint32(ctx.args[3])
    if to >= PROCESSORS:
        return 1
    counts = enqueued.lookup(to)
    if counts is None:
        return 0
    counts.processed += processed
    counts.dropped += c_uint32(ctx.args[2])
    # A bulk without packets is none.
    if processed > 0:
        counts.issue += 1
    return 0
