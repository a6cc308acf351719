"""A section that is never left: the verifier refuses it, and pbpf says so on the line."""

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_rcu_read_lock, bpf_rcu_read_unlock


#: reject: "bpf_rcu_read_lock"
#: vm: 6.12 7.3
@bpf
@section("tp_btf/sys_enter")
def missing_unlock(ctx, regs, number):
    bpf_rcu_read_lock()
    if number == 5:  # error: [verifier] "bpf_rcu_read_lock"
        return 0
    bpf_rcu_read_unlock()
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
