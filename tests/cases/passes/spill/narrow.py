"""Sixty 32-bit numbers that live at once beside buffers: what registers do not hold waits in four bytes each."""
#: flags: --explain-lowering
#: verify
#: run: prog(packet=zeros(60)) == 2
#: global: total == 12390
#: vm: 6.1 7.3
from ctypes import c_int64, c_uint8, c_uint16, c_uint32

from pbpf import bpf, bpfglobal, section, subprogram


@bpf
@bpfglobal
def total() -> c_int64:
    return c_int64(0)


@bpf
@bpfglobal
def seven() -> c_uint32:
    return c_uint32(7)


@bpf
@subprogram(inline=False)
def times(n: c_uint32) -> c_uint32:  # note: "stays a function that is called"
    return n * seven


@bpf
@section("xdp")
def prog(ctx):  # note: "numbers wait in memory"
    global total
    v0: c_uint32 = times(0)
    v1: c_uint32 = times(1)
    v2: c_uint32 = times(2)
    v3: c_uint8 = times(3)
    v4: c_uint8 = times(4)
    v5: c_uint16 = times(5)
    v6: c_uint16 = times(6)
    v7: c_uint32 = times(7)
    v8: c_uint32 = times(8)
    v9: c_uint32 = times(9)
    v10: c_uint32 = times(10)
    v11: c_uint32 = times(11)
    v12: c_uint32 = times(12)
    v13: c_uint32 = times(13)
    v14: c_uint32 = times(14)
    v15: c_uint32 = times(15)
    v16: c_uint32 = times(16)
    v17: c_uint32 = times(17)
    v18: c_uint32 = times(18)
    v19: c_uint32 = times(19)
    v20: c_uint32 = times(20)
    v21: c_uint32 = times(21)
    v22: c_uint32 = times(22)
    v23: c_uint32 = times(23)
    v24: c_uint32 = times(24)
    v25: c_uint32 = times(25)
    v26: c_uint32 = times(26)
    v27: c_uint32 = times(27)
    v28: c_uint32 = times(28)
    v29: c_uint32 = times(29)
    v30: c_uint32 = times(30)
    v31: c_uint32 = times(31)
    v32: c_uint32 = times(32)
    v33: c_uint32 = times(33)
    v34: c_uint32 = times(34)
    v35: c_uint32 = times(35)
    v36: c_uint32 = times(36)
    v37: c_uint32 = times(37)
    v38: c_uint32 = times(38)
    v39: c_uint32 = times(39)
    v40: c_uint32 = times(40)
    v41: c_uint32 = times(41)
    v42: c_uint32 = times(42)
    v43: c_uint32 = times(43)
    v44: c_uint32 = times(44)
    v45: c_uint32 = times(45)
    v46: c_uint32 = times(46)
    v47: c_uint32 = times(47)
    v48: c_uint32 = times(48)
    v49: c_uint32 = times(49)
    v50: c_uint32 = times(50)
    v51: c_uint32 = times(51)
    v52: c_uint32 = times(52)
    v53: c_uint32 = times(53)
    v54: c_uint32 = times(54)
    v55: c_uint32 = times(55)
    v56: c_uint32 = times(56)
    v57: c_uint32 = times(57)
    v58: c_uint32 = times(58)
    v59: c_uint32 = times(59)
    room = bytes(64)
    room[v0] = 5  # note: "checked against the length 64"
    total = v0 + v1 + v2 + v3 + v4 + v5 + v6 + v7 + v8 + v9 + v10 + v11 + v12 + v13 + v14 + v15 + v16 + v17 + v18 + v19 + v20 + v21 + v22 + v23 + v24 + v25 + v26 + v27 + v28 + v29 + v30 + v31 + v32 + v33 + v34 + v35 + v36 + v37 + v38 + v39 + v40 + v41 + v42 + v43 + v44 + v45 + v46 + v47 + v48 + v49 + v50 + v51 + v52 + v53 + v54 + v55 + v56 + v57 + v58 + v59
    total += room[0] - 5
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
