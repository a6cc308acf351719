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
    with ktime():  # error:10: [unsupported-with] "bpf_ktime_get_ns"
        pass
    with ctx as c:  # error:17: [unsupported-with] "`as`"
        pass
    with double(1):  # error:10: [unsupported-with] "begins nothing"
        pass
    return 2


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
