"""First in, first out: one queue for all processors, and idle ones are given a task at once."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: file: /sys/kernel/sched_ext/state == "enabled"
#: load: spin 4
#: load: wake 3
#: map: stats[1] > 0
#: map: stats[0] > 0
#: file: /sys/kernel/sched_ext/state == "enabled"
#: detach
#: file: /sys/kernel/sched_ext/state == "disabled"
from ctypes import c_bool, c_uint32, c_uint64

from pbpf import bpf, map, struct_ops
from pbpf.kfuncs import scx_bpf_create_dsq, scx_bpf_dsq_insert, scx_bpf_dsq_move_to_local, scx_bpf_select_cpu_dfl
from pbpf.maps import PerCpuArray
from vmlinux import SCX_DSQ_LOCAL, SCX_SLICE_DFL

LICENSE = "GPL"
SHARED = 0
AT_ONCE, QUEUED = 0, 1


@bpf
@map
def stats():
    return PerCpuArray(value=c_uint64, max_entries=2)


@bpf
class Fifo(struct_ops.sched_ext_ops):
    name = "fifo"

    def init(self):
        return scx_bpf_create_dsq(SHARED, -1)

    def select_cpu(self, p, prev_cpu, wake_flags):
        idle = c_bool(False)
        cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, idle)
        if idle:
            stats[AT_ONCE] += 1
            scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL)
        return cpu

    def enqueue(self, p, enq_flags):
        stats[QUEUED] += 1
        scx_bpf_dsq_insert(p, SHARED, SCX_SLICE_DFL, enq_flags)

    def dispatch(self, cpu, prev):
        scx_bpf_dsq_move_to_local(SHARED)
