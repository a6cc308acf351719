"""A section that is left and was never entered: the verifier refuses it, and pbpf says so on the line."""

from pbpf import bpf, bpfglobal, section
from pbpf.kfuncs import bpf_rcu_read_unlock


#: reject: "rcu"
@bpf
@section("tp_btf/sys_enter")
def missing_lock(ctx):
    bpf_rcu_read_unlock()  # error:5: [verifier] "rcu"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
