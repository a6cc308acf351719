"""What a kernel may lack, asked for and then used: one object, compiled against the types of 7.3, in kernels that lack some of it."""

#: flags: --btf $btf:7.3
#: verify
#: attach
#: workload: syscall getpid 3
#: global: asked >= 3
#: global: wrong == 0
#: global: size >= 2000
#: global: version == 703
#: vm: 6.1 6.12 7.3
from ctypes import c_uint64, sizeof

import vmlinux
from pbpf import bpf, bpfglobal, offsetof, section
from pbpf.helper import bpf_get_current_task, bpf_get_current_task_btf
from vmlinux import enum_bpf_map_type, enum_pageflags, struct_bpf_diag, struct_task_struct


@bpf
@bpfglobal
def asked() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def wrong() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def size() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def version() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tp_btf/sys_enter")
def on_call(ctx, regs, number):
    global asked, wrong, size, version
    if number != 39:
        return 0
    task = struct_task_struct(bpf_get_current_task())
    trusted = bpf_get_current_task_btf()
    good = 0
    # The loop must not take what the kernel lacks out of the test.
    for i in range(4):
        if hasattr(task, "exec_state"):
            good += task.exec_state is not None and trusted.exec_state is not None
        else:
            good += 1
    if hasattr(trusted, "no_such_field"):
        good += trusted.no_such_field.deeper
    if hasattr(vmlinux, "struct_no_such"):
        good += sizeof(vmlinux.struct_no_such)
    good += hasattr(vmlinux, "struct_bpf_diag") == hasattr(task, "exec_state")
    good += hasattr(task, "se.vruntime") and not hasattr(task, "se.nothing")
    good += hasattr(enum_bpf_map_type, "BPF_MAP_TYPE_HASH") and enum_bpf_map_type.BPF_MAP_TYPE_HASH == 1
    good += 0 if hasattr(enum_bpf_map_type, "BPF_MAP_TYPE_NEVER") else 1
    # Bit 3 up to Linux 6.1, bit 4 since then.
    if hasattr(enum_bpf_map_type, "BPF_MAP_TYPE_ARENA"):
        good += enum_pageflags.PG_dirty == 4
    else:
        good += enum_pageflags.PG_dirty == 3
    good += offsetof(struct_task_struct, "thread_info") == 0
    asked += 1
    wrong += good != 10
    size = sizeof(struct_task_struct)
    # What all kernels have is known here, whatever they are.
    if not hasattr(struct_task_struct, "pid"):
        return 0
    version = 703
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
