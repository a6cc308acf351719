"""A loop names its iterator for functions that take it, and for nothing else: the kernel watches what becomes of one."""
#: check
#: flags: --btf $btf:7.3
from pbpf import bpf, struct_ops
from pbpf.kfuncs import bpf_iter_num, bpf_iter_scx_dsq, scx_bpf_dsq_move, scx_bpf_dsq_move_to_local

LICENSE = "GPL"


@bpf
class Moves(struct_ops.sched_ext_ops):
    name = "moves"

    def dispatch(self, cpu, prev):
        for p in (queued := bpf_iter_scx_dsq(0)):
            scx_bpf_dsq_move(queued, p, 1)
            other = queued  # error:21: [bad-value] "is an iterator of the kernel"
            if queued[0] == 0:  # error:16: [bad-value]
                break
            for inner in (second := bpf_iter_scx_dsq(1)):
                scx_bpf_dsq_move(second, inner, 0)
                scx_bpf_dsq_move(queued, p, 1)
            scx_bpf_dsq_move(second, p, 1)  # error:30: [wrong-argument-type] "that a loop around goes over"
        for i in (numbers := bpf_iter_num(0, 3)):
            scx_bpf_dsq_move(numbers, prev, 1)  # error:30: [wrong-argument-type] "must be an iterator `bpf_iter_scx_dsq`"
        scx_bpf_dsq_move(it__iter=queued, p=prev, dsq_id=1)  # error:35: [wrong-argument-type]
        scx_bpf_dsq_move_to_local(0)

    def init(self):
        again = 1
        for p in (again := bpf_iter_scx_dsq(0)):  # error:19: [duplicate-name] "bound elsewhere too"
            pass
        return again - 1
