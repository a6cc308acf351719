"""Pairs two events under one key, and puts their distance into a histogram: the shape of every latency tool."""

from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap, HashMap


@bpf
@map
def starts():
    return HashMap(key=c_uint64, value=c_uint64, max_entries=256)


@bpf
@map
def slots():
    return ArrayMap(key=c_uint32, value=c_uint64, max_entries=64)


@bpf
@section("raw_tp/sys_enter")
def prog(ctx):
    key = ctx.args[0]
    now = ctx.args[1]
    start = starts.lookup(key)
    if start is None:
        starts[key] = now
        return 0
    delta = now - start
    del starts[key]
    slot = 0
    for i in range(63):
        if delta < 2:
            break
        delta >>= 1
        slot += 1
    slots[slot] += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
