"""GPL-only helpers under another license."""
#: check
from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_probe_read_kernel, bpf_ktime_get_ns


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def f(ctx):
    buf = str(8)
    bpf_probe_read_kernel(buf, 8, 0)  # error:5: [gpl-only] "the license is `MIT`"
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "MIT"
