"""`with v.lock:` holds the lock of a map value and gives it back on every way out."""

#: verify
#: vm: 6.1 6.12
#: run: main(packet=zeros(64)) == 2
from ctypes import c_int32, c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.maps import ArrayMap, HashMap
from vmlinux import struct_bpf_spin_lock


@bpf
@struct
class Account:
    lock: struct_bpf_spin_lock
    balance: c_int64
    moves: c_uint32


@bpf
@map
def accounts():
    return HashMap(key=c_int32, value=Account, max_entries=8)


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_int64, max_entries=16)


@bpf
def deposit(key: c_int32, amount: c_int64):
    a = accounts.lookup(key)
    if a is None:
        return -1
    with a.lock:
        a.moves += 1
        if amount < 0:
            return a.moves * 100
        a.balance += amount
    return a.balance


@bpf
@section("xdp")
def main(ctx):
    accounts[1] = Account(balance=5)
    out[0] = deposit(1, 10)
    out[1] = deposit(1, -3)
    out[2] = deposit(2, 1)
    a = accounts.lookup(1)
    if a is None:
        return 1
    for i in range(10):
        with a.lock:
            if i == 3:
                continue
            if i == 6:
                break
            a.balance += i
    out[3] = a.balance
    with a.lock:
        assert a.balance != 0
        a.balance = 1
    out[4] = a.balance
    return 2


#: map: out[0] == 15
#: map: out[1] == 200
#: map: out[2] == -1
#: map: out[3] == 27
#: map: out[4] == 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
