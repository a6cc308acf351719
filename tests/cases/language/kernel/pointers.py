"""Arrays, text, pointers and parts of kernel structs, by trusted pointers and by plain addresses."""

#: verify
#: attach
#: workload: syscall getpid 3
#: global: asked >= 3
#: global: wrong == 0
#: vm: 6.1 6.12 7.3
from ctypes import c_uint32, c_uint64

from pbpf import bpf, bpfglobal, container_of, section
from pbpf.helper import bpf_get_current_task, bpf_get_current_task_btf, comm, pid
from vmlinux import PIDTYPE_PID, PIDTYPE_TGID, struct_pid, struct_task_struct


@bpf
@bpfglobal
def asked() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def wrong() -> c_uint64:
    return c_uint64(0)


@bpf
def level_of(p: struct_pid):
    return p.level


@bpf
@section("tp_btf/sys_enter")
def on_call(ctx, regs, number):
    global asked, wrong
    if number != 39:
        return 0
    task = struct_task_struct(bpf_get_current_task())
    trusted = bpf_get_current_task_btf()
    good = 0
    # Text, whole and by its letters.
    name = str(16)
    comm(name)
    same = 0
    for i in range(16):
        letter = name[i]
        if letter == 0:
            break
        same += task.comm[i] == letter and trusted.comm[i] == letter
    good += same > 0 and task.comm[0] != 0
    # A part of a struct, held by a variable: a reference.
    part = trusted.se
    plain = task.se
    good += part.load.weight == task.se.load.weight and plain.load.weight == part.load.weight
    # Arrays of structs inside, at a constant and at a variable place: the numbers of the process in its namespaces.
    number_of = task.thread_pid
    level = number_of.level
    good += number_of.numbers[0].nr > 0 and trusted.thread_pid.numbers[0].nr == number_of.numbers[0].nr
    good += trusted.thread_pid.numbers[level].nr == number_of.numbers[level].nr
    # An array of pointers, indexed by an enumerator, by a number, and by a variable.
    good += trusted.signal.pids[PIDTYPE_TGID].numbers[0].nr == trusted.group_leader.thread_pid.numbers[0].nr
    kind = 0
    while kind < 2:
        good += trusted.signal.pids[kind] is not None or kind == 0
        kind += 1
    # Lists, by their heads: the first child of the parent has that parent.
    sibling = container_of(task.real_parent.children.next, struct_task_struct, "sibling")
    good += sibling.real_parent.pid == task.real_parent.pid
    # Functions and `void *` are values.
    good += trusted.sched_class is not None and task.sched_class.yield_task is not None
    good += task.sched_class.yield_task == trusted.sched_class.yield_task
    good += task.stack == trusted.stack and task.stack is not None
    # Null on the way reads as zero.
    good += task.mm is None or task.mm.owner.pid > 0
    good += task.parent.mm.owner.mm.owner.pid >= 0 and trusted.io_context.ioprio >= 0
    good += level_of(task.thread_pid) == level
    asked += 1
    wrong += good != 14
    if good != 14:
        print(f"{good} {same}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
