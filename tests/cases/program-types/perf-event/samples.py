"""A sample of the processor's registers is counted by where it was taken."""

#: verify
#: vm: 6.1 6.12 7.3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import HashMap


@bpf
@map
def where() -> HashMap:
    return HashMap(key=c_uint64, value=c_uint64, max_entries=1024)


@bpf
@section("perf_event")
def sample(ctx):
    if ctx.sample_period > 1:
        where[ctx.regs.ip] += 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
