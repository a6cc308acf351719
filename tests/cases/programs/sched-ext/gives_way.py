"""First come, first served; who gives the processor away is counted, by a callback whose name Python has for itself."""
#: flags: --btf $btf:7.3
#: needs: sched_ext
#: bpftool: struct_ops
#: vm: 7.3
#: attach
#: workload: syscall sched_yield 50 == 50
#: map: given[$pid] >= 50
#: file: /sys/kernel/sched_ext/state == "enabled"
from ctypes import c_int32, c_uint64

from pbpf import bpf, map, struct_ops
from pbpf.kfuncs import scx_bpf_dsq_insert
from pbpf.maps import HashMap
from vmlinux import SCX_DSQ_GLOBAL, SCX_SLICE_DFL

LICENSE = "GPL"


@bpf
@map
def given():
    return HashMap(key=c_int32, value=c_uint64, max_entries=1024)


@bpf
class GivesWay(struct_ops.sched_ext_ops):
    name = "gives_way"

    def enqueue(self, p, enq_flags):
        scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, SCX_SLICE_DFL, enq_flags)

    def yield_(self, p, to):
        given[p.tgid] = given.get(p.tgid, 0) + 1
        p.scx.slice = 0
        return False
