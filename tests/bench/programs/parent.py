# A chain of pointers and an array by CO-RE: who unlinks a file, and its parent. The same program as parent.c; PythonBPF has neither.
from ctypes import c_int64, c_void_p

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task
from vmlinux import struct_task_struct


@bpf
@section("kprobe/do_unlinkat")
def unlinked(ctx: c_void_p) -> c_int64:
    task = struct_task_struct(bpf_get_current_task())
    print(f"{task.comm}, child of {task.real_parent.tgid}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
