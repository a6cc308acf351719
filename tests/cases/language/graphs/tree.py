"""A tree of objects that the program allocated, by their deadlines."""
#: verify
#: vm: 6.12 7.3
#: run: first(ctx=u64[0]) == 0
#: run: add(ctx=u64[30, 3]) == 0
#: run: add(ctx=u64[10, 1]) == 0
#: run: add(ctx=u64[20, 2]) == 0
#: run: peek(ctx=u64[0]) == 10
#: run: first(ctx=u64[0]) == 1
#: run: first(ctx=u64[0]) == 2
#: run: first(ctx=u64[0]) == 3
#: run: first(ctx=u64[0]) == 0
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import RbRoot, bpf, map, section, struct
from pbpf.kfuncs import bpf_obj_drop, bpf_obj_new, bpf_rbtree_add, bpf_rbtree_first, bpf_rbtree_remove
from pbpf.maps import HashMap
from vmlinux import struct_bpf_rb_node, struct_bpf_spin_lock

LICENSE = "GPL"


@bpf
@struct
class Request:
    deadline: c_uint64
    number: c_uint64


@bpf
@struct
class Timed:
    node: struct_bpf_rb_node
    deadline: c_uint64
    number: c_uint64


@bpf
@struct
class Agenda:
    waiting: c_uint64
    lock: struct_bpf_spin_lock
    root: RbRoot[Timed, "node"]


@bpf
@map
def agendas():
    return HashMap(key=c_uint32, value=Agenda, max_entries=1)


@bpf
def sooner(a, b):
    return a.deadline < b.deadline


@bpf
@section("syscall")
def add(request: Request) -> c_int64:
    if 0 not in agendas:
        agendas[0] = Agenda()
    agenda = agendas.lookup(0)
    if agenda is None:
        return -1
    timed = bpf_obj_new(Timed)
    if timed is None:
        return -2
    timed.deadline = request.deadline
    timed.number = request.number
    with agenda.lock:
        bpf_rbtree_add(agenda.root, timed, sooner)
        agenda.waiting += 1
    return 0


@bpf
@section("syscall")
def peek(request: Request) -> c_int64:
    agenda = agendas.lookup(0)
    if agenda is None:
        return -1
    deadline = 0
    with agenda.lock:
        timed = bpf_rbtree_first(agenda.root)
        if timed is not None:
            deadline = timed.deadline
    return deadline


@bpf
@section("syscall")
def first(request: Request) -> c_int64:
    agenda = agendas.lookup(0)
    if agenda is None:
        return 0
    taken = None
    with agenda.lock:
        timed = bpf_rbtree_first(agenda.root)
        if timed is not None:
            taken = bpf_rbtree_remove(agenda.root, timed)
    if taken is None:
        return 0
    number = taken.number
    bpf_obj_drop(taken)
    return number
