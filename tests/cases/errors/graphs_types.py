"""Lists and trees of what cannot be in them."""
#: check
from ctypes import c_uint32, c_uint64

from pbpf import ListHead, RbRoot, bpf, map, section, struct
from pbpf.maps import ArrayMap
from vmlinux import struct_bpf_list_node, struct_bpf_rb_node, struct_bpf_spin_lock, struct_task_struct


@bpf
@struct
class Item:
    node: struct_bpf_list_node
    number: c_uint64


@bpf
@struct
class Late:
    number: c_uint64
    node: struct_bpf_list_node


@bpf
@struct
class Odd:
    a: ListHead[Item]  # error:17: [bad-type] "which field is the node"
    b: ListHead[Item, "number"]  # error:23: [bad-type] "no `bpf_list_node`"
    c: ListHead[Item, "next"]  # error:23: [bad-type] "no `bpf_list_node`"
    d: RbRoot[Item, "node"]  # error:21: [bad-type] "no `bpf_rb_node`"
    e: ListHead[Late, "node"]  # error:23: [bad-type] "not the first field"
    f: ListHead[struct_task_struct, "node"]  # error:17: [bad-type] "a struct of the program"
    g: ListHead[Item, 5]  # error:17: [bad-type] "which field is the node"


@bpf
@section("syscall")
def main(ctx):
    return 0
