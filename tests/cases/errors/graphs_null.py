"""Objects of the program that may not be there."""

from ctypes import c_uint64

from pbpf import bpf, section, struct
from pbpf.kfuncs import bpf_obj_drop, bpf_obj_new
from vmlinux import struct_bpf_list_node

LICENSE = "GPL"


@bpf
@struct
class Item:
    node: struct_bpf_list_node
    number: c_uint64


@bpf
@section("syscall")
def untested(ctx):
    item = bpf_obj_new(Item)
    item.number = 2  # error:5: [unchecked-null]
    bpf_obj_drop(item)
    return 0
