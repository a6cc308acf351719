"""Every kernel function for schedulers is called, each where it may be, and the kernel accepts the prototypes of the rows."""
#: bpftool: struct_ops
#: needs: sched_ext
#: flags: --btf $btf:7.3
#: verify
#: vm: 7.3
from ctypes import c_bool, c_int32, c_uint64

from pbpf import bpf, struct, struct_ops
from pbpf.helper import bpf_get_smp_processor_id
from pbpf.kfuncs import *
from pbpf.kfuncs import __scx_bpf_dsq_insert_vtime, __scx_bpf_select_cpu_and
from vmlinux import SCX_DSQ_GLOBAL, SCX_DSQ_ITER_REV, SCX_DSQ_LOCAL, SCX_SLICE_DFL

LICENSE = "GPL"
QUEUE, BY_TIME = 0, 1


@bpf
@struct
class Selection:
    prev_cpu: c_int32
    wake_flags: c_uint64
    flags: c_uint64


@bpf
@struct
class Insertion:
    dsq_id: c_uint64
    slice: c_uint64
    vtime: c_uint64
    enq_flags: c_uint64


@bpf
class Everything(struct_ops.sched_ext_ops):
    name = "everything"

    def select_cpu(self, p, prev_cpu, wake_flags):
        is_idle = c_bool(False)
        cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, is_idle)
        if is_idle:
            scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL)
            return cpu
        cpu = scx_bpf_select_cpu_and(p, prev_cpu, wake_flags, p.cpus_ptr)
        if cpu < 0:
            args = Selection(prev_cpu=prev_cpu, wake_flags=wake_flags)
            cpu = __scx_bpf_select_cpu_and(p, p.cpus_ptr, args)
        if cpu < 0:
            cpu = scx_bpf_pick_idle_cpu(p.cpus_ptr)
        if cpu < 0:
            cpu = scx_bpf_pick_any_cpu(p.cpus_ptr)
        return cpu

    def enqueue(self, p, enq_flags):
        if p.scx.weight == 1:
            scx_bpf_dsq_insert_v2(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags)
        elif p.scx.weight == 2:
            scx_bpf_dsq_insert_vtime(p, BY_TIME, SCX_SLICE_DFL, p.scx.dsq_vtime, enq_flags)
        else:
            args = Insertion(dsq_id=BY_TIME, slice=SCX_SLICE_DFL, vtime=1)
            __scx_bpf_dsq_insert_vtime(p, args)
        node = scx_bpf_cpu_node(0)
        if scx_bpf_pick_idle_cpu_node(p.cpus_ptr, node) < 0:
            scx_bpf_kick_cpu(scx_bpf_pick_any_cpu_node(p.cpus_ptr, node))
        if scx_bpf_test_and_clear_cpu_idle(0):
            scx_bpf_kick_cid(scx_bpf_cpu_to_cid(0))

    def dispatch(self, cpu, prev):
        if scx_bpf_dispatch_nr_slots() == 0:
            scx_bpf_dispatch_cancel()
        first = scx_bpf_dsq_peek(QUEUE)
        if first is not None and scx_bpf_dsq_nr_queued(QUEUE) > 1:
            for p in (queued := bpf_iter_scx_dsq(QUEUE, SCX_DSQ_ITER_REV)):
                scx_bpf_dsq_move_set_slice(queued, SCX_SLICE_DFL)
                if scx_bpf_dsq_move(queued, p, SCX_DSQ_LOCAL):
                    break
                scx_bpf_dsq_move_set_vtime(queued, p.scx.dsq_vtime + 1)
                if scx_bpf_dsq_move_vtime(queued, p, BY_TIME):
                    break
        if not scx_bpf_dsq_move_to_local(QUEUE):
            scx_bpf_dsq_move_to_local_v2(BY_TIME)
        scx_bpf_sub_dispatch(1)

    def running(self, p):
        running = scx_bpf_task_running(p) and scx_bpf_task_cpu(p) == bpf_get_smp_processor_id()
        other = scx_bpf_cpu_curr(0)
        if other is not None and running:
            scx_bpf_task_set_slice(p, SCX_SLICE_DFL)
            scx_bpf_task_set_dsq_vtime(p, scx_bpf_now())
        group = scx_bpf_task_cgroup(p)
        bpf_cgroup_release(group)
        queue = scx_bpf_locked_rq()
        if queue is not None and queue.nr_running > 100:
            words = (c_uint64 * 1)(queue.nr_running)
            scx_bpf_exit(1, "%d tasks", words)
        if scx_bpf_cpuperf_cur(0) < scx_bpf_cpuperf_cap(0):
            scx_bpf_cpuperf_set(0, scx_bpf_cpuperf_cap(0))

    def tick(self, p):
        cid = scx_bpf_task_cid(p)
        if cid == scx_bpf_this_cid() and scx_bpf_nr_cids() == scx_bpf_nr_online_cids():
            scx_bpf_cidperf_set(cid, scx_bpf_cidperf_cap(cid) - scx_bpf_cidperf_cur(cid))
        current = scx_bpf_cid_curr(cid)
        if current is not None and scx_bpf_cid_to_cpu(cid) == 1:
            topology = (c_int32 * 8)()
            scx_bpf_cid_topo(cid, topology)
        named = scx_bpf_tid_to_task(p.scx.tid)
        if named is None:
            scx_bpf_error(f"no task {p.pid}")

    def cpu_release(self, cpu, args):
        scx_bpf_reenqueue_local()

    def stopping(self, p, runnable):
        scx_bpf_reenqueue_local_v2()
        scx_bpf_dsq_reenq(QUEUE)
        events = (c_uint64 * 21)()
        scx_bpf_events(events)

    def update_idle(self, cpu, idle):
        idle_ones = scx_bpf_get_idle_cpumask()
        scx_bpf_put_idle_cpumask(idle_ones)
        idle_ones = scx_bpf_get_idle_smtmask()
        scx_bpf_put_idle_cpumask(idle_ones)
        of_node = scx_bpf_get_idle_cpumask_node(0)
        scx_bpf_put_idle_cpumask(of_node)
        of_node = scx_bpf_get_idle_smtmask_node(0)
        scx_bpf_put_idle_cpumask(of_node)
        possible = scx_bpf_get_possible_cpumask()
        scx_bpf_put_cpumask(possible)
        online = scx_bpf_get_online_cpumask()
        scx_bpf_put_cpumask(online)

    def dump(self, ctx):
        words = (c_uint64 * 2)(scx_bpf_nr_cpu_ids(), scx_bpf_nr_node_ids())
        scx_bpf_dump("%d processors, %d nodes", words)

    def init(self):
        status = scx_bpf_create_dsq(QUEUE)
        if status < 0:
            return status
        return scx_bpf_create_dsq(BY_TIME)

    def exit(self, info):
        scx_bpf_sub_kill(1, "no more")
        scx_bpf_destroy_dsq(QUEUE)
        scx_bpf_destroy_dsq(BY_TIME)
