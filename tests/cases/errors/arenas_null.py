"""Pointers into an arena that nobody tested."""

from ctypes import c_int64, c_uint64

from pbpf import ArenaPtr, bpf, bpfglobal, map, section, struct
from pbpf.maps import Arena

LICENSE = "GPL"


@bpf
@struct
class Node:
    next: ArenaPtr["Node"]
    number: c_uint64


@bpf
@map
def pages():
    return Arena(max_entries=16)


@bpf
@bpfglobal
def first() -> ArenaPtr[Node]:
    return None


@bpf
@section("xdp")
def untested(ctx) -> c_int64:
    node = first
    return node.number  # error:12: [unchecked-null]
