"""A sample of the processor's registers is counted by where it was taken."""

#: verify
#: vm: 6.1 6.12 7.3
#: attach: clock
#: workload: spin 1 400
#: global: taken >= 5
#: detach
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def where() -> HashMap:
    return HashMap(key=c_uint64, value=c_uint64, max_entries=1024)


@bpf
@bpfglobal
def taken() -> c_uint64:
    return c_uint64(0)


@bpf
@section("perf_event")
def sample(ctx):
    global taken
    taken += 1
    if ctx.sample_period > 1:
        where[ctx.regs.ip] += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
