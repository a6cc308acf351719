"""A work queue in a map value calls a function of the program, which may sleep. (7.3 has another prototype of `bpf_wq_set_callback`.)"""
#: verify
#: vm: 6.12
#: run: start(ctx=u64[5]) == 0
#: soon: map done[5] == 1
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, map, section, struct
from pbpf.kfuncs import bpf_wq_init, bpf_wq_set_callback, bpf_wq_start
from pbpf.maps import ArrayMap, HashMap
from vmlinux import struct_bpf_wq

LICENSE = "GPL"


@bpf
@struct
class Request:
    key: c_uint64


@bpf
@struct
class Job:
    number: c_uint64
    work: struct_bpf_wq


@bpf
@map
def jobs():
    return HashMap(key=c_uint64, value=Job, max_entries=8)


@bpf
@map
def done():
    return HashMap(key=c_uint64, value=c_uint32, max_entries=8)


@bpf
def finish(map, key, job):
    done[job.number] = 1
    return 0


@bpf
@section("syscall")
def start(request: Request) -> c_int64:
    jobs[request.key] = Job(number=request.key)
    job = jobs.lookup(request.key)
    if job is None:
        return -1
    error = bpf_wq_init(job.work, jobs)
    if error != 0:
        return error
    error = bpf_wq_set_callback(job.work, finish)
    if error != 0:
        return error
    return bpf_wq_start(job.work)
