"""Lengths of packets in a list, last in first out: in XDP, at traffic control and in a control group."""
#: verify
#: vm: 6.12 7.3
#: run: xdp_push(packet=zeros(64)) == XDP_PASS
#: run: tc_push(packet=zeros(80)) == 0
#: run: xdp_pop(packet=zeros(64)) == 80
#: run: xdp_pop(packet=zeros(64)) == 64
#: run: xdp_pop(packet=zeros(64)) == 0
from ctypes import c_int64, c_uint32

from pbpf import ListHead, bpf, map, section, struct
from pbpf.kfuncs import bpf_list_pop_front, bpf_list_push_front, bpf_obj_drop, bpf_obj_new
from pbpf.maps import ArrayMap
from vmlinux import XDP_PASS, struct_bpf_list_node, struct_bpf_spin_lock

LICENSE = "GPL"


@bpf
@struct
class Length:
    node: struct_bpf_list_node
    octets: c_uint32


@bpf
@struct
class Lengths:
    lock: struct_bpf_spin_lock
    head: ListHead[Length, "node"]


@bpf
@map
def lengths():
    return ArrayMap(key=c_uint32, value=Lengths, max_entries=1)


@bpf
def push(octets):
    value = lengths.lookup(0)
    if value is None:
        return
    length = bpf_obj_new(Length)
    if length is None:
        return
    length.octets = octets
    with value.lock:
        bpf_list_push_front(value.head, length)


@bpf
@section("xdp")
def xdp_push(ctx):
    push(ctx.data_end - ctx.data)
    return XDP_PASS


@bpf
@section("tc")
def tc_push(skb):
    push(skb.len)
    return 0


@bpf
@section("cgroup_skb/ingress")
def group_push(skb):
    push(skb.len)
    return 1


@bpf
@section("xdp")
def xdp_pop(ctx) -> c_int64:
    value = lengths.lookup(0)
    if value is None:
        return 0
    with value.lock:
        length = bpf_list_pop_front(value.head)
    if length is None:
        return 0
    octets = length.octets
    bpf_obj_drop(length)
    return octets
