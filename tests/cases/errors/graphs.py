"""Lists and trees where they cannot be, without their lock, and with what is not theirs."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import ListHead, RbRoot, bpf, bpfglobal, map, section, struct
from pbpf.kfuncs import bpf_list_pop_front, bpf_list_push_back, bpf_obj_drop, bpf_obj_new, bpf_rbtree_add
from pbpf.maps import ArrayMap, PerCpuArray
from vmlinux import struct_bpf_list_node, struct_bpf_rb_node, struct_bpf_spin_lock

LICENSE = "GPL"


@bpf
@struct
class Item:
    node: struct_bpf_list_node
    number: c_uint64


@bpf
@struct
class Timed:
    node: struct_bpf_rb_node
    number: c_uint64


@bpf
@struct
class Waiting:
    lock: struct_bpf_spin_lock
    head: ListHead[Item, "node"]
    root: RbRoot[Timed, "node"]


@bpf
@struct
class Open:
    head: ListHead[Item, "node"]


@bpf
@map
def waiting():
    return ArrayMap(key=c_uint32, value=Waiting, max_entries=1)


@bpf
@map
def without():  # error:5: [bad-map] "a `ListHead` and no lock"
    return ArrayMap(key=c_uint32, value=Open, max_entries=1)


# error@56:5: [bad-map] "cannot hold a `ListHead`"
@bpf
@map
def each():  # error:5: [bad-map] "cannot hold a `RbRoot`"
    # error@56:5: [bad-map] "cannot hold a `bpf_spin_lock`"
    return PerCpuArray(key=c_uint32, value=Waiting, max_entries=1)


@bpf
@bpfglobal
def all() -> Open:  # error:5: [held-object] "global variables"
    return Open()


@bpf
def less(a, b):
    return a.number < b.number


@bpf
@section("syscall")
def unlocked(ctx):
    v = waiting.lookup(0)
    item = bpf_obj_new(Item)
    if v is not None and item is not None:
        bpf_list_push_back(v.head, item)  # error:9: [held-lock] "`bpf_list_push_back` needs the lock"
    return 0


@bpf
@section("syscall")
def others(ctx):
    v = waiting.lookup(0)
    timed = bpf_obj_new(Timed)
    item = bpf_obj_new(Item)
    if v is not None and item is not None and timed is not None:
        with v.lock:
            bpf_list_push_back(v.head, timed)  # error:40: [wrong-argument-type] "a pointer to Item"
            bpf_rbtree_add(v.head, item, less)  # error:28: [wrong-argument-type] "a `RbRoot` in a map value"
            bpf_list_push_back(v.head, v)  # error:40: [wrong-argument-type] "a pointer to Item"
        bpf_obj_drop(v)  # error:22: [wrong-argument-type] "what the program allocated"
    return 0


@bpf
@section("syscall")
def copies(ctx):
    v = waiting.lookup(0)
    item = bpf_obj_new(Item)
    if v is not None and item is not None:
        mine: Item = item  # error:22: [held-object] "a `bpf_list_node` cannot be copied"
        mine.number = 1
    return 0
