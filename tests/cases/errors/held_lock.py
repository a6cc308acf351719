"""While a lock is held nothing may be called."""
#: check
from ctypes import c_int32, c_int64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import ktime
from pbpf.maps import HashMap
from vmlinux import struct_bpf_spin_lock


@bpf
@struct
class Account:
    lock: struct_bpf_spin_lock
    balance: c_int64


@bpf
@map
def accounts():
    return HashMap(key=c_int32, value=Account, max_entries=8)


@bpf
@map
def counts():
    return HashMap(key=c_int32, value=c_int64, max_entries=8)


@bpf
def double(x):
    return x * 2


@bpf
@section("xdp")
def main(ctx):
    a = accounts.lookup(1)
    b = accounts.lookup(2)
    if a is None or b is None:
        return 1
    with a.lock:
        a.balance = ktime()  # error:21: [held-lock] "bpf_ktime_get_ns"
        a.balance = double(3)  # error:21: [held-lock] "double"
        counts[1] = 3  # error:9: [held-lock] "storing"
        counts[1] += 3  # error:9: [held-lock] "updating"
        del counts[1]  # error:9: [held-lock] "deleting"
        if 1 in counts:  # error:12: [held-lock] "looking"
            print("x")  # error:13: [held-lock] "print"
        with b.lock:  # error:14: [held-lock] "bpf_spin_lock"
            b.balance = 1
    copy: Account = a  # error:21: [held-lock] "copied"
    accounts[3] = b  # error:19: [held-lock] "copied"
    accounts.update(4, a)  # error:24: [held-lock] "copied"
    accounts[5] = copy
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
