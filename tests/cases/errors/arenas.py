"""Memory of arenas that may not be there, in programs without an arena, and pointers that lead elsewhere."""

from ctypes import c_int64, c_uint64

from pbpf import ArenaPtr, bpf, bpfglobal, section, struct

LICENSE = "GPL"


@bpf
@struct
class Node:
    next: ArenaPtr["Node"]
    number: c_uint64


@bpf
@bpfglobal
def first() -> ArenaPtr[Node]:
    return None


@bpf
@section("xdp")
def without(ctx) -> c_int64:
    node = first
    if node is None:
        return 0
    return node.number  # error:12: [bad-map] "the file has none"
