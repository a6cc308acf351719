"""Fields that kernel structs have not, and what is asked of what has none."""
#: check
from pbpf import bpf, bpfglobal, container_of, section
from pbpf.helper import bpf_get_current_task_btf
from vmlinux import struct_task_struct


@bpf
@section("tp_btf/sys_enter")
def f(ctx):
    task = bpf_get_current_task_btf()
    a = 1
    b = hasattr(a, "pid")  # error:9: [type-mismatch] "has no fields that a kernel may lack"
    m = container_of(task.mm, struct_task_struct, "tasks")  # error:22: [type-mismatch] "and the member is struct_list_head"
    o = task.comm[16]  # error:19: [index-out-of-range]
    p = task.pidd  # error:9: [unknown-field] "did you mean `pid`?"
    s = task.no_such if hasattr(task, "no_such") else 1
    t = hasattr(task, "no_such") and task.no_such
    u = task.no_such if hasattr(task, "pid") else 1  # error:9: [unknown-field]
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
