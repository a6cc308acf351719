"""Pointers that lead elsewhere than into an arena, and pages where programs must not sleep."""
#: check
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import ArenaPtr, bpf, map, section, struct
from pbpf.kfuncs import bpf_arena_alloc_pages, bpf_arena_free_pages
from pbpf.maps import Arena, HashMap

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
@map
def nodes():
    return HashMap(key=c_uint32, value=Node, max_entries=4)


@bpf
@section("syscall")
def stores(ctx) -> c_int64:
    node = nodes.lookup(1)
    other = nodes.lookup(2)
    if node is None or other is None:
        return 0
    node.next = other  # error:17: [type-mismatch] "points to a map value"
    return 0
