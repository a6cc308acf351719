"""Pages of what is no arena, and where programs must not sleep."""
#: check
from ctypes import c_uint32

from pbpf import bpf, map, section
from pbpf.kfuncs import bpf_arena_alloc_pages, bpf_arena_free_pages
from pbpf.maps import Arena, HashMap

LICENSE = "GPL"


@bpf
@map
def pages():
    return Arena(max_entries=16)


@bpf
@map
def others():
    return HashMap(key=c_uint32, value=c_uint32, max_entries=4)


@bpf
@section("xdp")
def sleeps(ctx):
    bpf_arena_alloc_pages(pages)  # error:5: [helper-sleeps]
    return 0


@bpf
@section("syscall")
def wrong(ctx):
    bpf_arena_alloc_pages(others)  # error:27: [wrong-argument-type] "of kind arena"
    bpf_arena_free_pages(pages, others.lookup(1))  # error:33: [wrong-argument-type] "into an arena"
    return 0
