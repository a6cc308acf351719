"""One processor decides for all: the others wait until it gives them a task; a timer sees that none waits for long."""
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
from ctypes import c_uint32, c_uint64

from pbpf import bpf, map, struct, struct_ops
from pbpf.helper import bpf_timer_init, bpf_timer_set_callback, bpf_timer_start
from pbpf.kfuncs import (
    bpf_cpumask_test_cpu,
    bpf_iter_scx_dsq,
    scx_bpf_create_dsq,
    scx_bpf_dispatch_nr_slots,
    scx_bpf_dsq_insert,
    scx_bpf_dsq_move,
    scx_bpf_dsq_move_to_local,
    scx_bpf_dsq_nr_queued,
    scx_bpf_kick_cpu,
    scx_bpf_nr_cpu_ids,
)
from pbpf.maps import Array, PerCpuArray
from vmlinux import SCX_DSQ_LOCAL_ON, SCX_KICK_PREEMPT, SCX_SLICE_DFL, struct_bpf_timer

LICENSE = "GPL"
CENTRAL, WAITING = 0, 0
QUEUED, GIVEN, TICKS = 0, 1, 2
TICK = 20_000_000


@bpf
@struct
class Clock:
    timer: struct_bpf_timer


@bpf
@map
def clock():
    return Array(value=Clock, max_entries=1)


@bpf
@map
def stats():
    return PerCpuArray(value=c_uint64, max_entries=3)


@bpf
def tick(map, key, clock):
    stats[TICKS] += 1
    if scx_bpf_dsq_nr_queued(WAITING) > 0:
        scx_bpf_kick_cpu(CENTRAL, SCX_KICK_PREEMPT)
    bpf_timer_start(clock.timer, TICK, 0)
    return 0


@bpf
class Central(struct_ops.sched_ext_ops):
    name = "central"

    def init(self):
        error = scx_bpf_create_dsq(WAITING, -1)
        if error != 0:
            return error
        found = clock.lookup(0)
        if found is None:
            return -1
        bpf_timer_init(found.timer, clock, 1)
        bpf_timer_set_callback(found.timer, tick)
        return bpf_timer_start(found.timer, TICK, 0)

    def select_cpu(self, p, prev_cpu, wake_flags):
        # Who wakes goes where decisions are made.
        return CENTRAL

    def enqueue(self, p, enq_flags):
        stats[QUEUED] += 1
        scx_bpf_dsq_insert(p, WAITING, SCX_SLICE_DFL, enq_flags)
        scx_bpf_kick_cpu(CENTRAL, SCX_KICK_PREEMPT)

    def dispatch(self, cpu, prev):
        if cpu != CENTRAL:
            # It asks, and is given something soon.
            if scx_bpf_dsq_nr_queued(WAITING) > 0:
                scx_bpf_kick_cpu(CENTRAL, SCX_KICK_PREEMPT)
            return
        for other in range(1, scx_bpf_nr_cpu_ids()):
            if scx_bpf_dispatch_nr_slots() == 0 or scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | other) > 0:
                continue
            for p in (waiting := bpf_iter_scx_dsq(WAITING)):
                if bpf_cpumask_test_cpu(other, p.cpus_ptr) and scx_bpf_dsq_move(waiting, p, SCX_DSQ_LOCAL_ON | other, 0):
                    stats[GIVEN] += 1
                    scx_bpf_kick_cpu(other, 0)
                    break
        scx_bpf_dsq_move_to_local(WAITING)
