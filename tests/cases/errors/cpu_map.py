"""A map of processors is only sent to."""
#: check
from pbpf import bpf, map, section
from pbpf.maps import CpuMap


@bpf
@map
def cpus():
    return CpuMap(max_entries=2)


@bpf
@section("xdp")
def f(ctx):
    if 1 in cpus:  # error:8: [unknown-method] "cannot be asked for a key"
        return 1
    return 2
