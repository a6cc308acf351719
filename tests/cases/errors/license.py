"""A license that is no text, as a constant."""
#: check
from pbpf import bpf, section

LICENSE = 5  # error:11: [bad-declaration] "`LICENSE` is text"


@bpf
@section("xdp")
def main(ctx):
    return 0
