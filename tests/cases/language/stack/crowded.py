"""Sixty numbers that live at once, and five buffers in branches of which one is taken."""

#: verify
#: run: prog(packet=zeros(60)) >= 0
from ctypes import c_uint32, c_uint64
from pbpf import bpf, bpfglobal, map, section
from pbpf.helper import bpf_get_prandom_u32
from pbpf.maps import RingBuffer


@bpf
@map
def events():
    return RingBuffer(max_entries=4096)


@bpf
@section("xdp")
def prog(ctx):
    v0 = bpf_get_prandom_u32()
    v1 = bpf_get_prandom_u32()
    v2 = bpf_get_prandom_u32()
    v3 = bpf_get_prandom_u32()
    v4 = bpf_get_prandom_u32()
    v5 = bpf_get_prandom_u32()
    v6 = bpf_get_prandom_u32()
    v7 = bpf_get_prandom_u32()
    v8 = bpf_get_prandom_u32()
    v9 = bpf_get_prandom_u32()
    v10 = bpf_get_prandom_u32()
    v11 = bpf_get_prandom_u32()
    v12 = bpf_get_prandom_u32()
    v13 = bpf_get_prandom_u32()
    v14 = bpf_get_prandom_u32()
    v15 = bpf_get_prandom_u32()
    v16 = bpf_get_prandom_u32()
    v17 = bpf_get_prandom_u32()
    v18 = bpf_get_prandom_u32()
    v19 = bpf_get_prandom_u32()
    v20 = bpf_get_prandom_u32()
    v21 = bpf_get_prandom_u32()
    v22 = bpf_get_prandom_u32()
    v23 = bpf_get_prandom_u32()
    v24 = bpf_get_prandom_u32()
    v25 = bpf_get_prandom_u32()
    v26 = bpf_get_prandom_u32()
    v27 = bpf_get_prandom_u32()
    v28 = bpf_get_prandom_u32()
    v29 = bpf_get_prandom_u32()
    v30 = bpf_get_prandom_u32()
    v31 = bpf_get_prandom_u32()
    v32 = bpf_get_prandom_u32()
    v33 = bpf_get_prandom_u32()
    v34 = bpf_get_prandom_u32()
    v35 = bpf_get_prandom_u32()
    v36 = bpf_get_prandom_u32()
    v37 = bpf_get_prandom_u32()
    v38 = bpf_get_prandom_u32()
    v39 = bpf_get_prandom_u32()
    v40 = bpf_get_prandom_u32()
    v41 = bpf_get_prandom_u32()
    v42 = bpf_get_prandom_u32()
    v43 = bpf_get_prandom_u32()
    v44 = bpf_get_prandom_u32()
    v45 = bpf_get_prandom_u32()
    v46 = bpf_get_prandom_u32()
    v47 = bpf_get_prandom_u32()
    v48 = bpf_get_prandom_u32()
    v49 = bpf_get_prandom_u32()
    v50 = bpf_get_prandom_u32()
    v51 = bpf_get_prandom_u32()
    v52 = bpf_get_prandom_u32()
    v53 = bpf_get_prandom_u32()
    v54 = bpf_get_prandom_u32()
    v55 = bpf_get_prandom_u32()
    v56 = bpf_get_prandom_u32()
    v57 = bpf_get_prandom_u32()
    v58 = bpf_get_prandom_u32()
    v59 = bpf_get_prandom_u32()
    which = v0 % 5
    if which == 0:
        buf0 = bytes(64)
        buf0[v1 % 64] = 0
        events.output(buf0)
    elif which == 1:
        buf1 = bytes(64)
        buf1[v1 % 64] = 1
        events.output(buf1)
    elif which == 2:
        buf2 = bytes(64)
        buf2[v1 % 64] = 2
        events.output(buf2)
    elif which == 3:
        buf3 = bytes(64)
        buf3[v1 % 64] = 3
        events.output(buf3)
    elif which == 4:
        buf4 = bytes(64)
        buf4[v1 % 64] = 4
        events.output(buf4)
    total = 0
    total ^= v0
    total ^= v1
    total ^= v2
    total ^= v3
    total ^= v4
    total ^= v5
    total ^= v6
    total ^= v7
    total ^= v8
    total ^= v9
    total ^= v10
    total ^= v11
    total ^= v12
    total ^= v13
    total ^= v14
    total ^= v15
    total ^= v16
    total ^= v17
    total ^= v18
    total ^= v19
    total ^= v20
    total ^= v21
    total ^= v22
    total ^= v23
    total ^= v24
    total ^= v25
    total ^= v26
    total ^= v27
    total ^= v28
    total ^= v29
    total ^= v30
    total ^= v31
    total ^= v32
    total ^= v33
    total ^= v34
    total ^= v35
    total ^= v36
    total ^= v37
    total ^= v38
    total ^= v39
    total ^= v40
    total ^= v41
    total ^= v42
    total ^= v43
    total ^= v44
    total ^= v45
    total ^= v46
    total ^= v47
    total ^= v48
    total ^= v49
    total ^= v50
    total ^= v51
    total ^= v52
    total ^= v53
    total ^= v54
    total ^= v55
    total ^= v56
    total ^= v57
    total ^= v58
    total ^= v59
    return total & 1


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
