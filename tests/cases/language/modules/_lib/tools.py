"""It imports a module that imports it."""

from ctypes import c_uint32, c_int64
from pbpf import bpf, map
from pbpf.maps import HashMap
from . import other
try:
    import numpy
except ImportError:
    numpy = None

@bpf
@map
def hits():
    return HashMap(key=c_uint32, value=c_int64, max_entries=4)

@bpf
def twice(n):
    return n * 2

@bpf
def ping(n):
    return other.pong(n) + 1

@bpf
def base(n):
    return n * 100
