"""Loops over iterators of the kernel: numbers, bits, tasks and areas of memory; they are destroyed on every way out."""

#: verify
#: vm: 6.12 7.3
#: run: numbers() == 4950
#: run: bits() == 71
#: run: leaves() == 7
#: run: ends() == 3
#: run: nested() == 100
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_iter_bits, bpf_iter_num, bpf_iter_task, bpf_iter_task_vma, bpf_rcu_read_lock
from pbpf.helper import bpf_get_current_task_btf


@bpf
@bpfglobal
def seen() -> c_uint64:
    return c_uint64(0)


@bpf
@section("syscall")
def numbers(ctx):
    total = 0
    for i in bpf_iter_num(0, 100):
        if i == 50:
            continue
        total += i
    return total + 50


@bpf
@section("syscall")
def bits(ctx):
    mask = (c_uint64 * 2)(0b101, 1)
    last = 0
    for bit in bpf_iter_bits(mask, 2):
        last += bit
    return last + 5


@bpf
def first_above(limit: c_uint64) -> c_uint64:
    for i in bpf_iter_num(0, 1000000):
        if i > limit:
            return i
    return 0


@bpf
@section("syscall")
def leaves(ctx):
    return first_above(6)


@bpf
@section("syscall")
def ends(ctx):
    found = seen_here = 0
    for i in bpf_iter_num(0, 10):
        if i == 3:
            found = i
            break
    else:
        found = 99
    for i in bpf_iter_num(0, 2):
        seen_here = i
    else:
        found += seen_here - 1
    return found


@bpf
@section("syscall")
def nested(ctx):
    count = 0
    for i in bpf_iter_num(0, 10):
        for j in bpf_iter_num(0, 10):
            count += 1
    return count


@bpf
@section("syscall")
def tasks(ctx):
    global seen
    # A program that may sleep holds tasks by RCU.
    with bpf_rcu_read_lock():
        for task in bpf_iter_task(None, 0):
            if task.pid == 1:
                seen += 1
    for area in bpf_iter_task_vma(bpf_get_current_task_btf(), 0):
        if area.vm_start > 0:
            seen += 1
            break
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
