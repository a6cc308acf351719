"""`with bpf_rcu_read_lock():` ends the section on every way out, also where a check fails."""

#: verify
#: attach
#: workload: syscall getppid 2
from ctypes import c_int32, c_int64

from pbpf import bpf, bpfglobal, map, section
from pbpf.kfuncs import bpf_rcu_read_lock
from pbpf.maps import ArrayMap, HashMap


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=8)


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=8)


@bpf
@section("tp_btf/sys_enter")
def enter(ctx, regs, number):
    if number != 110:
        return 0
    table = (c_int32 * 4)()
    for i in range(4):
        with bpf_rcu_read_lock():
            if i == 1:
                continue
            if i == 3:
                break
            table[i] = i + 10
            out[0] += 1
    with bpf_rcu_read_lock():
        out[1] += 1
        # Outside the array the program ends.
        table[out[1]] = 1
        # An absent key, too.
        n = counts[5]
        out[2] += n
        if n > 5:
            return 0
    return 0


#: map: out[0] >= 4
#: map: out[1] >= 2
#: map: out[2] == 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
