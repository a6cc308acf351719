"""Pages of an arena: a list in them, followed where nothing names the arena, copied, changed, given back."""
#: verify
#: bpftool: no "that of Debian 12 maps no arenas"
#: vm: 6.12 7.3
#: run: put(ctx=u64[5, 50]) == 0
#: run: put(ctx=u64[7, 70]) == 0
#: run: put(ctx=u64[9, 90]) == 0
#: run: total(packet=zeros(64)) == 21
#: run: copies(ctx=u64[0, 0]) == 97
#: run: add(packet=zeros(64)) == 10
#: run: total(packet=zeros(64)) == 22
#: run: drop(ctx=u64[0, 0]) == 10
#: run: drop(ctx=u64[0, 0]) == 7
#: run: total(packet=zeros(64)) == 5
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import ArenaPtr, bpf, bpfglobal, map, section, struct
from pbpf.kfuncs import bpf_arena_alloc_pages, bpf_arena_free_pages
from pbpf.maps import Arena, HashMap

LICENSE = "GPL"


@bpf
@struct
class Request:
    number: c_uint64
    other: c_uint64


@bpf
@struct
class Pair:
    a: c_uint32
    b: c_uint32


@bpf
@struct
class Node:
    next: ArenaPtr["Node"]
    number: c_uint64
    pair: Pair


@bpf
@map
def pages():
    return Arena(max_entries=16)


@bpf
@map
def pairs():
    return HashMap(key=c_uint32, value=Pair, max_entries=4)


@bpf
@bpfglobal
def first() -> ArenaPtr[Node]:
    return None


@bpf
@section("syscall")
def put(request: Request) -> c_int64:
    global first
    memory = bpf_arena_alloc_pages(pages, page_cnt=1)
    if memory is None:
        return -1
    node = Node(memory)
    node.number = request.number
    node.pair.b = request.other
    node.pair = Pair(a=request.number, b=request.other - 2)
    node.next = first
    first = node
    return 0


@bpf
@section("xdp")
def total(ctx) -> c_int64:
    found = 0
    node = first
    for _ in range(20):
        if node is None:
            break
        found += node.number
        node = node.next
    return found


@bpf
@section("syscall")
def copies(request: Request) -> c_int64:
    node = first
    if node is None:
        return 0
    mine: Pair = node.pair
    pairs[1] = node.pair
    pairs[2] = mine
    found = pairs.lookup(1)
    if found is None or node.pair != mine:
        return -1
    return found.a + found.b


@bpf
def next_number(node):
    node.number += 1
    return node.number


@bpf
@section("xdp")
def add(ctx) -> c_int64:
    node = first
    if node is None:
        return 0
    return next_number(node)


@bpf
@section("syscall")
def drop(request: Request) -> c_int64:
    global first
    node = first
    if node is None:
        return 0
    number = node.number
    first = node.next
    bpf_arena_free_pages(pages, node)
    return number
