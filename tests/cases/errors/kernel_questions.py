"""Wrong uses of kernel types: unknown names, questions that cannot be asked, declarations that are none."""
#: check
from ctypes import c_uint32, c_uint64, sizeof

import vmlinux
from pbpf import bpf, bpfglobal, container_of, kconfig, ksym, offsetof, section, tristate
from pbpf.helper import bpf_get_current_task_btf, bpf_per_cpu_ptr, bpf_this_cpu_ptr
from vmlinux import enum_bpf_map_type, enum_bpf_map_typo, runqueues, struct_list_head, struct_task_struct
from vmlinux import runqueuez


@bpf
@kconfig
def CONFIG_HZ() -> struct_task_struct: ...  # error:20: [bad-type] "an option of the kernel is no struct_task_struct"


@bpf
@kconfig
def CONFIG_NO_TYPE(): ...  # error:5: [bad-declaration] "the type of `CONFIG_NO_TYPE` is not given"


@bpf
@ksym
def with_body() -> c_uint64:
    return 5  # error:5: [bad-declaration] "it has no body"


@bpf
@ksym(strong=True)  # error:2: [bad-declaration] "this takes `weak=True` only"
def jiffies() -> c_uint64: ...


@bpf
@ksym
def takes(a) -> c_uint64: ...  # error:11: [bad-declaration] "`takes` takes no parameters"


@ksym
def forgotten() -> c_uint64: ...  # warning:5: [missing-bpf]


@bpf
@section("tp_btf/sys_enter")
def f(ctx):
    task = bpf_get_current_task_btf()
    field = 1
    a = hasattr(task, field)  # error:23: [not-constant] "`hasattr` takes the name as text"
    c = hasattr(task)  # error:9: [wrong-argument-count]
    d = hasattr(vmlinux, "bpf_task_from_pid")  # error:17: [bad-argument] "`hasattr` cannot ask for `bpf_task_from_pid`"
    e = enum_bpf_map_type.BPF_MAP_TYPE_HASHH  # error:9: [unknown-name] "did you mean `BPF_MAP_TYPE_HASH`?"
    g = enum_bpf_map_typo.BPF_MAP_TYPE_HASH  # error:9: [unknown-kernel-type] "did you mean `enum_bpf_map_type`?"
    h = offsetof(struct_task_struct, "pidd")  # error:38: [unknown-field] "did you mean `pid`?"
    i = offsetof(struct_task_struct, "in_execve")  # error:38: [bitfield-address] "`in_execve` is a bitfield"
    j = offsetof(struct_task_struct, "mm.owner")  # error:38: [unknown-field] "`mm.owner` is no way to a field"
    k = offsetof(c_uint32, "x")  # error:18: [unknown-field] "c_uint32 has no fields"
    l = container_of(task.tasks.next, struct_task_struct, "task")  # error:59: [unknown-field]
    n = container_of(task.tasks.next, struct_list_head, 5)  # error:57: [not-constant] "the field is named by text"
    q = runqueuez  # error:9: [unknown-name] "did you mean `runqueues`?"
    r = tristate.MAYBE  # error:9: [unknown-name] "it is `NO`, `YES` or `MODULE`"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
