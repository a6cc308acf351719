"""Kernel functions and iterators are names of the kernel too."""

#: verify
#: vm: 6.12 7.3
from pbpf import bpf, bpfglobal, section
from vmlinux import bpf_iter_num, bpf_task_from_pid, bpf_task_release


@bpf
@section("tp_btf/sys_enter")
def entered(regs, id):
    task = bpf_task_from_pid(1)
    if task is None:
        return 0
    for i in bpf_iter_num(0, 3):
        print(f"{i} {task.comm}")
    bpf_task_release(task)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
