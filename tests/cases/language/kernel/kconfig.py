"""Options of the kernel's configuration: numbers, truth values, tristates, text, and those that a kernel has not."""

#: needs: file:/proc/config.gz
#: verify
#: attach
#: workload: syscall getpid 1
#: prints: "hz 1 64bit True net True cpus 1 absent 0 False version 1"
#: prints: "compiler with gcc"
from ctypes import c_bool, c_uint32, c_uint64

from pbpf import bpf, bpfglobal, kconfig, section, tristate


@bpf
@kconfig
def CONFIG_HZ() -> c_uint32: ...


@bpf
@kconfig
def CONFIG_HZ_250() -> bool: ...


@bpf
@kconfig(weak=False)
def CONFIG_64BIT() -> c_bool: ...


@bpf
@kconfig
def CONFIG_INET() -> tristate: ...


@bpf
@kconfig
def CONFIG_NR_CPUS() -> c_uint64: ...


@bpf
@kconfig
def CONFIG_NO_SUCH_NUMBER() -> c_uint32:
    """What no kernel has is 0."""


@bpf
@kconfig
def CONFIG_NO_SUCH_SWITCH() -> bool:
    pass


@bpf
@kconfig
def CONFIG_CC_VERSION_TEXT() -> str(64): ...


@bpf
@kconfig
def LINUX_KERNEL_VERSION() -> c_uint32: ...


@bpf
@section("tracepoint/syscalls/sys_enter_getpid")
def on_call(ctx):
    same = (CONFIG_HZ == 250) == CONFIG_HZ_250 and CONFIG_HZ >= 100
    net = CONFIG_INET == tristate.YES and CONFIG_INET != tristate.MODULE
    new = LINUX_KERNEL_VERSION > 0x060000
    print(f"hz {int(same)} 64bit {CONFIG_64BIT} net {net} cpus {int(CONFIG_NR_CPUS > 0)} absent {CONFIG_NO_SUCH_NUMBER} {CONFIG_NO_SUCH_SWITCH} version {int(new)}")
    if CONFIG_CC_VERSION_TEXT[0] == 103:
        print("compiler with gcc")
    else:
        print(f"compiler {CONFIG_CC_VERSION_TEXT}")
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
