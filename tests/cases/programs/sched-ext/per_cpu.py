"""A queue for each processor: a task goes to an idle one, and one that has nothing takes from the others."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: load: spin 4
#: load: wake 3
#: map: stats[0] > 0
#: map: stats[1] > 0
#: map: stats[2] > 0
#: file: /sys/kernel/sched_ext/state == "enabled"
from ctypes import c_uint64

from pbpf import bpf, map, struct_ops
from pbpf.kfuncs import (
    scx_bpf_create_dsq,
    scx_bpf_dsq_insert,
    scx_bpf_dsq_move_to_local,
    scx_bpf_nr_cpu_ids,
    scx_bpf_pick_idle_cpu,
    scx_bpf_task_cpu,
    scx_bpf_test_and_clear_cpu_idle,
)
from pbpf.maps import PerCpuArray
from vmlinux import SCX_DSQ_LOCAL, SCX_SLICE_DFL

LICENSE = "GPL"
IDLE, OWN, TAKEN = 0, 1, 2


@bpf
@map
def stats():
    return PerCpuArray(value=c_uint64, max_entries=3)


@bpf
class PerCpu(struct_ops.sched_ext_ops):
    name = "per_cpu"

    def init(self):
        for cpu in range(scx_bpf_nr_cpu_ids()):
            error = scx_bpf_create_dsq(cpu, -1)
            if error != 0:
                return error
        return 0

    def select_cpu(self, p, prev_cpu, wake_flags):
        if scx_bpf_test_and_clear_cpu_idle(prev_cpu):
            cpu = prev_cpu
        else:
            cpu = scx_bpf_pick_idle_cpu(p.cpus_ptr, 0)
            if cpu < 0:
                return prev_cpu
        stats[IDLE] += 1
        scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL)
        return cpu

    def enqueue(self, p, enq_flags):
        scx_bpf_dsq_insert(p, scx_bpf_task_cpu(p), SCX_SLICE_DFL, enq_flags)

    def dispatch(self, cpu, prev):
        if scx_bpf_dsq_move_to_local(cpu):
            stats[OWN] += 1
            return
        for other in range(scx_bpf_nr_cpu_ids()):
            if other != cpu and scx_bpf_dsq_move_to_local(other):
                stats[TAKEN] += 1
                return
