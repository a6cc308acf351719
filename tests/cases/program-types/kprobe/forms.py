"""Probes of kernel functions in each form: where they are entered and left, and system calls."""
#: needs: kprobes
#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: workload: unlink probed-file == 1
#: prints: "enters probed-file"
#: prints: "leaves 0"
#: prints: "call of $pid" * 1
#: prints: "call gave 0"
from ctypes import c_int, c_void_p

from pbpf import bpf, section
from pbpf.helper import bpf_probe_read_user_str, pid
from vmlinux import struct_dentry

LICENSE = "GPL"


@bpf
@section("kprobe/vfs_unlink")
def enters(ctx, idmap: c_void_p, dir: c_void_p, dentry: struct_dentry):
    print(f"enters {dentry.d_name.name}")


@bpf
@section("kretprobe/vfs_unlink")
def leaves(ctx, ret: c_int):
    print(f"leaves {ret}")


@bpf
@section("ksyscall/unlink")
def call(ctx, path: c_void_p):
    name = str(64)
    bpf_probe_read_user_str(name, 64, path)
    if name.endswith("probed-file"):
        print(f"call of {pid()}")


@bpf
@section("kretsyscall/unlink")
def gave(ctx, ret: c_int):
    print(f"call gave {ret}")
