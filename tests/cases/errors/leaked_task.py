"""A reference to a task that is never given back, acquired by a kernel function."""

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_task_from_pid


@bpf
@section("tp_btf/sys_enter")
def leaked_reference(ctx):
    task = bpf_task_from_pid(1)
    if task is None:
        return 0
    print(f"init is {task.comm}")
    return 0  # error:12: [leaked-reference] "bpf_task_release"


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
