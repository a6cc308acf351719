"""The file that a task executes is asked for, and let go."""

#: needs: bpf_lsm
#: verify
#: vm: 6.12 7.3
#: attach
#: workload: open 1
#: workload: unlink pbpf-path
#: global: asked >= 1
from ctypes import c_uint64

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_get_current_task_btf
from pbpf.kfuncs import bpf_get_task_exe_file, bpf_path_d_path, bpf_put_file


@bpf
@bpfglobal
def asked() -> c_uint64:
    return c_uint64(0)


@bpf
@section("lsm/file_open")
def opened(file, ret):
    global asked
    task = bpf_get_current_task_btf()
    program = bpf_get_task_exe_file(task)
    if program is None:
        return ret
    name = str(64)
    if bpf_path_d_path(file.f_path, name) > 0 and program.f_inode.i_ino > 0:
        asked += 1
    bpf_put_file(program)
    return ret


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
