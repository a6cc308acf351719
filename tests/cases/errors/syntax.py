"""Python that is none."""

from pbpf import bpf, section


@bpf
@section("xdp")
def main(ctx):
    x = (1 +
    return 0  # error:5: [syntax-error]
