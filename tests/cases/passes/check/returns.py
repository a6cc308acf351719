"""Results of programs."""
#: check
from pbpf import bpf, bpfglobal, section
from vmlinux import XDP_DROP, XDP_PASS


@bpf
@section("xdp")
def falls(ctx):  # error:5: [missing-return] "`return XDP_PASS`"
    if ctx.rx_queue_index == 1:
        return XDP_DROP


@bpf
@section("xdp")
def bare(ctx):
    if ctx.rx_queue_index == 1:
        return  # error:9: [missing-return] "gives no value"
    if ctx.rx_queue_index == 2:
        return None  # error:9: [missing-return]
    return XDP_PASS


@bpf
@section("xdp")
def range_(ctx):
    if ctx.rx_queue_index == 1:
        return 5  # error:16: [return-out-of-range] "XDP_REDIRECT (4)"
    if ctx.rx_queue_index == 2:
        return -1  # error:16: [return-out-of-range] "return 0 to 4"
    return 2 if ctx.rx_queue_index == 3 else 7  # error:46: [return-out-of-range] "7 cannot"


@bpf
@section("xdp")
def forever(ctx):
    while True:
        if ctx.rx_queue_index:
            return XDP_PASS


@bpf
@section("xdp")
def leaves(ctx):  # error:5: [missing-return]
    while True:
        if ctx.rx_queue_index:
            break


@bpf
@section("xdp")
def both(ctx):
    for i in range(3):
        if ctx.rx_queue_index == i:
            break
    else:
        return XDP_DROP
    return XDP_PASS


@bpf
@section("xdp")
def text(ctx):
    return "pass"  # error:12: [type-mismatch] "a program returns a number"


@bpf
def sometimes(x):  # error:5: [missing-return]
    if x:
        return 1


@bpf
def nothing(x):
    if x:
        return


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def default(ctx):
    if sometimes(1):
        return
    nothing(1)


@bpf
@section("tracepoint/syscalls/sys_enter_execve")
def wide(ctx):
    return 1 << 40  # error:12: [return-out-of-range]


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
