"""Probes of functions in user space: typed arguments, what is returned, and memory that is read while it may sleep."""
#: needs: kprobes
#: verify
#: vm: 6.1 6.12 7.3
#: attach
#: workload: probe 3 == 3
#: prints: "round 1 -1 text round"
#: prints: "round 3 -3 text round"
#: prints: "gave 20"
#: prints: "asleep round" * 3
#: global: left == 60
from ctypes import c_int64, c_uint32, c_void_p

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_copy_from_user, bpf_probe_read_user_str

LICENSE = "GPL"


@bpf
@bpfglobal
def left() -> c_int64:
    return c_int64(0)


@bpf
@section("uprobe//proc/self/exe:pbpf_traced")
def enters(ctx, round: c_uint32, text: c_void_p, negative: c_int64):
    name = str(8)
    bpf_probe_read_user_str(name, 8, text)
    print(f"round {round} {negative} text {name}")


@bpf
@section("uretprobe//proc/self/exe:pbpf_traced")
def leaves(ctx, ret: c_int64):
    print(f"gave {ret}")


@bpf
@section("uprobe.s//proc/self/exe:pbpf_traced")
def sleeps(ctx, round: c_uint32, text: c_void_p):
    name = str(8)
    bpf_copy_from_user(name, 6, text)
    print(f"asleep {name}")


@bpf
@section("uretprobe.s//proc/self/exe:pbpf_traced")
def sleeps_too(ctx, ret: c_int64):
    global left
    left += ret
