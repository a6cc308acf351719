"""Objects of the program that are lost, or used when a list has them."""

from ctypes import c_uint32, c_uint64

from pbpf import ListHead, bpf, map, section, struct
from pbpf.kfuncs import bpf_list_pop_front, bpf_list_push_back, bpf_obj_drop, bpf_obj_new
from pbpf.maps import ArrayMap
from vmlinux import struct_bpf_list_node, struct_bpf_spin_lock

LICENSE = "GPL"


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
def lost(ctx):
    item = bpf_obj_new(Item)
    if item is not None:
        item.number = 1
    return 0  # error:12: [leaked-reference] "`bpf_obj_new`"


@bpf
@section("syscall")
def given(ctx):
    v = waiting.lookup(0)
    if v is None:
        return 0
    item = bpf_obj_new(Item)
    if item is None:
        return 0
    with v.lock:
        bpf_list_push_back(v.head, item)
    item.number = 2  # error:5: [released-reference] "is used"
    return 0
