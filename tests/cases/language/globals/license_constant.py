"""The license as a constant of the module: `print` is for programs compatible with the GPL."""
#: verify
#: run: greeted(packet=zeros(64)) == 2

from pbpf import bpf, section
from vmlinux import XDP_PASS

LICENSE = "GPL"


@bpf
@section("xdp")
def greeted(ctx):
    print("hello")
    return XDP_PASS
