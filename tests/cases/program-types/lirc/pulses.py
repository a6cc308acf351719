"""Pulses of an infrared receiver become keys."""

from pbpf import bpf, bpfglobal, section
from pbpf.helper import bpf_rc_keydown


@bpf
@section("lirc_mode2")
def pulse(ctx):
    kind, length = ctx.sample >> 24, ctx.sample & 0xFFFFFF
    if kind == 1 and length > 1000:
        bpf_rc_keydown(ctx, 64, length, 0)
    return 0


@bpf
@bpfglobal
def LICENSE() -> str:
    return "GPL"
