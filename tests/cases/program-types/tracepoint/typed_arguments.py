"""Arguments bind by name and type: BTF prototypes, registers, system calls, raw words."""

#: verify
#: vm: 6.12
from ctypes import c_int, c_uint64, c_void_p
from vmlinux import struct_task_struct, struct_pt_regs, struct_sock, struct_file
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task_btf, bpf_get_current_task, bpf_probe_read_user_str

@bpf
@section("tp_btf/sched_switch")
def on_switch(preempt, prev, next):
    print(f"{prev.comm} -> {next.comm} {next.real_parent.tgid} {preempt}")
    return 0

@bpf
@section("kprobe/vfs_read")
def on_read(ctx, file: struct_file, buf: c_void_p, count: c_uint64):
    print(f"read {count} ino {file.f_inode.i_ino} name {file.f_inode.i_sb.s_type.name}")

@bpf
@section("kretprobe/vfs_read")
def on_read_done(ctx: struct_pt_regs):
    print(f"result {ctx.ax}")
    return 0

@bpf
@section("ksyscall/openat")
def on_open(ctx, dfd: c_int, filename: c_void_p):
    name = str(64)
    bpf_probe_read_user_str(name, 64, filename)
    print(f"open {name} {dfd}")
    return 0

@bpf
@section("raw_tp/sys_enter")
def on_enter(ctx):
    task = bpf_get_current_task_btf()
    print(f"{task.comm} {task.pid} call {ctx.args[1]}")
    return 0

@bpf
@section("kprobe/tcp_v4_connect")
def on_connect(ctx, sk: struct_sock):
    print(f"{sk.__sk_common.skc_dport} {sk.sk_protocol}")
    return 0

@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
