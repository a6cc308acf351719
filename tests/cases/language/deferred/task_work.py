"""A task calls a function of the program before it goes on in user space, where the function may sleep."""
#: needs: function:bpf_task_work_schedule_signal_impl
#: verify
#: attach
#: workload: syscall getppid 1
#: global: asked == $pid
#: soon: global called == $pid
#: map: jobs[0].text == "pbpf"
from ctypes import c_uint32

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task_btf
from pbpf.kfuncs import bpf_task_work_schedule_signal
from pbpf.maps import ArrayMap
from vmlinux import struct_bpf_task_work

LICENSE = "GPL"


@bpf
@struct
class Job:
    task: c_uint32
    text: str(8)
    work: struct_bpf_task_work


@bpf
@map
def jobs():
    return ArrayMap(key=c_uint32, value=Job, max_entries=1)


@bpf
@bpfglobal
def asked() -> c_uint32:
    return c_uint32(0)


@bpf
@bpfglobal
def called() -> c_uint32:
    return c_uint32(0)


@bpf
def in_task(map, key, job):
    global called
    called = job.task
    job.text = "pbpf"
    return 0


@bpf
@section("tracepoint/syscalls/sys_enter_getppid")
def asks(ctx):
    global asked
    job = jobs.lookup(0)
    if job is None or asked != 0:
        return 0
    task = bpf_get_current_task_btf()
    job.task = task.tgid
    if bpf_task_work_schedule_signal(task, job.work, jobs, in_task) == 0:
        asked = task.tgid
    return 0
