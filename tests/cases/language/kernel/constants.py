"""Constants that are `#define`s, against what the kernel does with them."""

#: verify
#: attach
#: workload: exec 2
#: workload: open 3
#: map: seen[$pid].missing >= 3
#: map: seen[$pid].exits == 1
#: map: seen[$pid].running >= 1
#: map: seen[$pid].odd == 0
from ctypes import c_int64, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, map, section, struct
from pbpf.helper import bpf_get_current_task_btf
from pbpf.maps import HashMap
from vmlinux import ENOENT, PF_EXITING, PF_FORKNOEXEC, PF_KTHREAD, S_IFDIR, S_IFMT, TASK_RUNNING


@bpf
@struct
class Seen:
    missing: c_uint64
    exits: c_uint64
    running: c_uint64
    odd: c_uint64


@bpf
@map
def seen():
    return HashMap(key=c_uint32, value=Seen, max_entries=4096)


@bpf
@section("tp_btf/sys_exit")
def on_return(ctx, regs, result: c_int64):
    task = bpf_get_current_task_btf()
    known = seen.lookup(task.tgid)
    if known is None:
        seen[task.tgid] = Seen(running=1)
        return 0
    known.missing += result == -ENOENT and task.comm[0] != 0
    known.running += task.__state == TASK_RUNNING
    known.odd += task.flags & (PF_EXITING | PF_KTHREAD) != 0
    known.odd += task.fs.root.mnt.mnt_root.d_inode.i_mode & S_IFMT != S_IFDIR
    return 0


@bpf
@section("tp_btf/sched_process_exit")
def on_exit(ctx):
    task = bpf_get_current_task_btf()
    known = seen.lookup(task.tgid)
    if known is not None and task.pid == task.tgid:
        known.exits += task.flags & PF_EXITING != 0
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
