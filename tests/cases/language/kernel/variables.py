"""Variables of the kernel: of each CPU, by BTF; others by their address; and one that no kernel has."""

#: needs: symbol:runqueues
#: verify
#: attach
#: workload: syscall getpid 2
#: workload: sleep 50
#: workload: syscall getpid 3
#: global: calls >= 5
#: global: wrong == 0
#: global: grown == 1
#: vm: 6.1 6.12 7.3
from ctypes import c_int32, c_uint64

from pbpf import bpf, bpfglobal, ksym, section
from pbpf.helper import bpf_get_smp_processor_id, bpf_per_cpu_ptr, bpf_this_cpu_ptr
from vmlinux import bpf_prog_active, runqueues


@bpf
@ksym
def jiffies() -> c_uint64: ...


@bpf
@ksym
def nr_cpu_ids() -> c_int32: ...


@bpf
@ksym(weak=True)
def no_such_variable() -> c_uint64: ...


@bpf
@bpfglobal
def calls() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def wrong() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def grown() -> c_uint64:
    return c_uint64(0)


@bpf
@bpfglobal
def first() -> c_uint64:
    return c_uint64(0)


@bpf
@section("tp_btf/sys_enter")
def on_call(ctx, regs, number):
    global calls, wrong, grown, first
    if number != 39:
        return 0
    calls += 1
    good = 0
    cpu = bpf_get_smp_processor_id()
    queue = bpf_this_cpu_ptr(runqueues)
    good += queue.cpu == cpu and queue.curr.pid > 0
    other = bpf_per_cpu_ptr(runqueues, cpu)
    if other is not None:
        good += other.cpu == cpu
    good += bpf_per_cpu_ptr(runqueues, 100000) is None
    good += bpf_this_cpu_ptr(bpf_prog_active) is not None
    good += 1 <= nr_cpu_ids <= 8192
    good += no_such_variable is None and no_such_variable == 0
    good += jiffies is not None
    wrong += good != 7
    if first == 0:
        first = jiffies
    elif jiffies > first:
        grown = 1
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
