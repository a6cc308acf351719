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
def CONFIG_HZ() -> struct_task_struct: ...  # error: [bad-type] "an option of the kernel is no struct_task_struct"


@bpf
@kconfig
def CONFIG_NO_TYPE(): ...  # error: [bad-declaration] "the type of `CONFIG_NO_TYPE` is not given"


@bpf
@ksym
def with_body() -> c_uint64:
    return 5  # error: [bad-declaration] "it has no body"


@bpf
@ksym(strong=True)  # error: [bad-declaration] "this takes `weak=True` only"
def jiffies() -> c_uint64: ...


@bpf
@ksym
def takes(a) -> c_uint64: ...  # error: [bad-declaration] "`takes` takes no parameters"


@ksym
def forgotten() -> c_uint64: ...  # warning: [missing-bpf]


@bpf
@section("tp_btf/sys_enter")
def f(ctx):
    task = bpf_get_current_task_btf()
    field = 1
    a = hasattr(task, field)  # error: [not-constant] "`hasattr` takes the name as text"
    c = hasattr(task)  # error: [wrong-argument-count]
    d = hasattr(vmlinux, "bpf_task_from_pid")  # error: [bad-argument] "`hasattr` cannot ask for `bpf_task_from_pid`"
    e = enum_bpf_map_type.BPF_MAP_TYPE_HASHH  # error: [unknown-name] "did you mean `BPF_MAP_TYPE_HASH`?"
    g = enum_bpf_map_typo.BPF_MAP_TYPE_HASH  # error: [unknown-kernel-type] "did you mean `enum_bpf_map_type`?"
    h = offsetof(struct_task_struct, "pidd")  # error: [unknown-field] "did you mean `pid`?"
    i = offsetof(struct_task_struct, "in_execve")  # error: [bitfield-address] "`in_execve` is a bitfield"
    j = offsetof(struct_task_struct, "mm.owner")  # error: [unknown-field] "`mm.owner` is no way to a field"
    k = offsetof(c_uint32, "x")  # error: [unknown-field] "c_uint32 has no fields"
    l = container_of(task.tasks.next, struct_task_struct, "task")  # error: [unknown-field]
    n = container_of(task.tasks.next, struct_list_head, 5)  # error: [not-constant] "the field is named by text"
    q = runqueuez  # error: [unknown-name] "did you mean `runqueues`?"
    r = tristate.MAYBE  # error: [unknown-name] "it is `NO`, `YES` or `MODULE`"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
