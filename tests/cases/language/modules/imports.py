"""Modules beside the program: functions, structs, maps, globals and constants, by every form of import."""

#: verify
#: run: prog(packet=eth/ip/udp(dport=53)/zeros(20)) == 2
#: run: prog(packet=zeros(14)) == 1
#: map: out[0] == 53
#: map: out[1] == 2
#: map: out[2] == 1015
#: map: out[3] == 45
#: map: out[4] == 8
#: map: out[5] == 201
#: map: out[6] == 9
#: map: out[7] == 880
#: map: out[8] == 2
#: map: counts[5] == 2
#: global: total == 8
from ctypes import c_int64, c_uint32
from pbpf import bpf, bpfglobal, map, section
from pbpf.maps import ArrayMap
import os, sys
import _lib.count as c
import _lib.net.headers
from _lib.parse import dport, MIN_SIZE, Header as H
from _lib import tools
from _lib.tools import twice as double, hits
from _lib.net import headers as hh
import _config

@bpf
@map
def out():
    return ArrayMap(value=c_int64, max_entries=16)

@bpf
def helper(n):
    return n + 1000

@bpf
@section("xdp")
def prog(ctx):
    if ctx.data + MIN_SIZE > ctx.data_end:
        return 1
    out[0] = dport(ctx)
    c.bump(5)
    c.bump(5)
    out[1] = c.counts[5]
    out[2] = double(4) + tools.twice(3) + helper(1)
    h = H(a=3)
    out[3] = h.a + _lib.net.headers.size() + hh.ETH
    c.total += 7
    out[4] = c.total
    out[5] = tools.ping(2)
    hits[1] = 9
    out[6] = hits[1]
    out[7] = _config.PORT + _config.BASE
    v = c.counts.lookup(5)
    if v is not None:
        out[8] = v
    return 2
