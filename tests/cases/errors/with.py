"""`with` around what is no lock."""
#: check
from pbpf import bpf, bpfglobal, section
from pbpf.helper import ktime


@bpf
def double(x):
    return x * 2


@bpf
@section("xdp")
def main(ctx):
    with ktime():  # error: [unsupported-with] "bpf_ktime_get_ns"
        pass
    with ctx as c:  # error: [unsupported-with] "`as`"
        pass
    with double(1):  # error: [unsupported-with] "begins nothing"
        pass
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
