"""A kernel that lacks what is used."""
#: check
#: flags: --target-kernel 4.18
from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_get_current_pid_tgid, bpf_ktime_get_boot_ns, bpf_loop
from pbpf.maps import RingBuffer
from vmlinux import XDP_PASS


@bpf
def step(i, data):
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    bpf_ktime_get_boot_ns()  # error:5: [target-too-old] "since kernel 5.8"
    bpf_loop(3, step, None, 0)  # error:5: [target-too-old] "5.17"
    bpf_get_current_pid_tgid()
    return 0


@bpf
@section("tp_btf/sched_switch")  # error:10: [target-too-old] "came with kernel 5.5"
def g(ctx):
    return 0


@bpf
@section("xdp")
def h(ctx):
    bpf_get_current_pid_tgid()  # error:5: [target-too-old] "6.12"
    return XDP_PASS


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"


@bpf
@map
def records():  # error:5: [target-too-old] "maps of kind ringbuf came with kernel 5.8"
    return RingBuffer(max_entries=4096)
