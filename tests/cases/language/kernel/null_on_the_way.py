"""Null on the way to a field reads as zero, also where the verifier wants a test; what is held by a variable is tested."""

#: verify
#: attach
#: workload: exec 1
#: global: execs >= 1
#: global: wrong == 0
#: workload: udp-echo 127.0.0.1:7 2
#: global: packets >= 2
#: vm: 6.1 6.12 7.3
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task_btf
from vmlinux import struct_sk_buff, struct_udp_sock


@bpf
@bpfglobal
def execs() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def packets() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def wrong() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tp_btf/sched_process_exec")
def on_exec(ctx, task, old_pid, bprm):
    global execs, wrong
    execs += 1
    wrong += bprm.file.f_inode.i_ino != task.mm.exe_file.f_inode.i_ino
    wrong += bprm.file.f_path.dentry.d_inode.i_ino == 0
    wrong += bprm.vma.vm_file.f_inode.i_ino > 0 and bprm.vma.vm_mm.pgd is None
    mm = task.mm
    if mm is not None:
        exe = mm.exe_file
        if exe is not None:
            wrong += exe.f_inode.i_ino != bprm.file.f_inode.i_ino
    return 0


@bpf
@section("tp_btf/net_dev_queue")
def on_packet(ctx, skb: struct_sk_buff):
    global packets, wrong
    family = skb.sk.__sk_common.skc_family
    wrong += family != 0 and family > 50
    sk = skb.sk
    if sk is not None:
        packets += 1
        wrong += sk.__sk_common.skc_family != family
        # Another kind of the same object is behind the end of what the verifier knows.
        wrong += struct_udp_sock(sk).inet.sk.__sk_common.skc_family != family
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
