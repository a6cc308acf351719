"""The names of the program, with other things behind them."""

from ctypes import c_int64, c_uint32

from pbpf import bpf, bpfglobal, map, struct
from pbpf.maps import ArrayMap


@bpf
@struct
class Pair:
    first: c_uint32


@bpf
@map
def out():
    return ArrayMap(value=Pair, max_entries=2)


@bpf
@bpfglobal
def total() -> c_int64:
    return 100


@bpf
def add(n):
    global total
    total += n
    out[1] = Pair(first=n)
    return total
