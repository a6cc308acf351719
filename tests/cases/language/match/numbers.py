"""`match` on numbers: constants, alternatives, guards, captures, the wildcard."""

#: verify
#: run: pick(packet=zeros(64)) == 2
from ctypes import c_int32, c_uint8, c_uint64

from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap

LIMIT = 40


@bpf
@map
def out():
    return ArrayMap(key=c_int32, value=c_uint64, max_entries=64)


@bpf
def dense(x: c_int32):
    match x:
        case 0:
            return 10
        case 1 | 2:
            return 11
        case -3:
            return 12
        case 4:
            return 13
    return 14


@bpf
def guarded(x: c_int32):
    match x:
        case 1 if x > 5:
            return 1
        case 1:
            return 2
        case n if n > LIMIT:
            return n
        case (7 | 8 | 9) as seven if seven != 8:
            return seven * 100
        case _:
            return 3


@bpf
def captured(x: c_uint8):
    y = 0
    match x:
        case 5:
            y = 1
        case 300:  # warning:14: [unreachable-case] "never"
            y = 2
        case other:
            y = other + 1000
    return y


@bpf
def nested(x: c_int32, y: c_int32):
    total = 0
    for i in range(6):
        match i:
            case 0:
                continue
            case 4:
                break
            case 1 | 2 if x > 0:
                match y:
                    case 1:
                        total += 1
                    case 2:
                        total += 2
                    case 3:
                        total += 3
                    case _:
                        total += 100
            case _:
                total += 1000
    else:
        total = -1
    return total


@bpf
@section("xdp")
def pick(ctx):
    for i in range(-4, 6):
        out[i + 4] = dense(i)
    out[20] = guarded(1)
    out[21] = guarded(41)
    out[22] = guarded(7)
    out[23] = guarded(8)
    out[24] = guarded(9)
    out[25] = guarded(2)
    out[26] = captured(5)
    out[27] = captured(44)
    out[28] = captured(255)
    out[30] = nested(1, 2)
    out[31] = nested(0, 2)
    out[32] = nested(1, 9)
    # The subject is evaluated once.
    count = 0
    match (count := count + 1):
        case 5:
            out[33] = 1
        case 1:
            out[33] = count
    match True:
        case False:
            out[34] = 1
        case True:
            out[34] = 2
    return 2


#: map: out[0] == 14
#: map: out[1] == 12
#: map: out[2] == 14
#: map: out[4] == 10
#: map: out[5] == 11
#: map: out[6] == 11
#: map: out[7] == 14
#: map: out[8] == 13
#: map: out[9] == 14
#: map: out[20] == 2
#: map: out[21] == 41
#: map: out[22] == 700
#: map: out[23] == 3
#: map: out[24] == 900
#: map: out[25] == 3
#: map: out[26] == 1
#: map: out[27] == 1044
#: map: out[28] == 1255
#: map: out[30] == 1004
#: map: out[31] == 3000
#: map: out[32] == 1200
#: map: out[33] == 1
#: map: out[34] == 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
