"""An inner map that may not be there is tested first."""
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayOfMaps, HashMap


@bpf
@map
def outer():
    return ArrayOfMaps(inner=HashMap(key=c_uint32, value=c_uint64, max_entries=4), max_entries=4)


@bpf
@section("xdp")
def main(ctx):
    inner = outer.lookup(0)
    inner[5] = 1  # error: [unchecked-null]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
