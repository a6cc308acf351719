"""A list of objects that the program allocated: put in at both ends, taken out, run empty."""
#: verify
#: vm: 6.12 7.3
#: run: take(ctx=u64[0]) == 0
#: run: put(ctx=u64[5]) == 0
#: run: put(ctx=u64[6]) == 0
#: run: jump(ctx=u64[4]) == 0
#: run: take(ctx=u64[0]) == 4
#: run: take(ctx=u64[0]) == 5
#: run: take(ctx=u64[0]) == 6
#: run: take(ctx=u64[0]) == 0
#: run: put(ctx=u64[7]) == 0
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import ListHead, bpf, map, section, struct
from pbpf.kfuncs import bpf_list_pop_front, bpf_list_push_back, bpf_list_push_front, bpf_obj_drop, bpf_obj_new
from pbpf.maps import ArrayMap
from vmlinux import struct_bpf_list_node, struct_bpf_spin_lock

LICENSE = "GPL"


@bpf
@struct
class Request:
    number: c_uint64


@bpf
@struct
class Item:
    node: struct_bpf_list_node
    number: c_uint64


@bpf
@struct
class Waiting:
    lock: struct_bpf_spin_lock
    head: ListHead[Item, "node"]


@bpf
@map
def waiting():
    return ArrayMap(key=c_uint32, value=Waiting, max_entries=1)


@bpf
@section("syscall")
def put(request: Request) -> c_int64:
    v = waiting.lookup(0)
    if v is None:
        return -1
    item = bpf_obj_new(Item)
    if item is None:
        return -2
    item.number = request.number
    with v.lock:
        bpf_list_push_back(v.head, item)
    return 0


@bpf
@section("syscall")
def take(request: Request) -> c_int64:
    v = waiting.lookup(0)
    if v is None:
        return -1
    with v.lock:
        item = bpf_list_pop_front(v.head)
    if item is None:
        return 0
    number = item.number
    bpf_obj_drop(item)
    return number


@bpf
@section("syscall")
def jump(request: Request) -> c_int64:
    v = waiting.lookup(0)
    item = bpf_obj_new(Item)
    if item is None:
        return -1
    if v is None:
        bpf_obj_drop(item)
        return -2
    item.number = request.number
    with v.lock:
        bpf_list_push_front(v.head, item)
    return 0
