"""The package's names with C's meaning of arithmetic, as files that import from `pythonbpf` have it.

`install()` puts a `pythonbpf` module where imports find it, for such files to run in the model. Nothing is done to an installed
`pythonbpf` unless it is called.
"""

from __future__ import annotations

import sys
from types import ModuleType


def install() -> None:
    """Makes `from pythonbpf import bpf` and its submodules mean this package, with C's arithmetic."""
    import pbpf
    import pbpf.helper
    import pbpf.maps
    import pbpf.net
    from pbpf.decorators import bpf_c

    shim = ModuleType("pythonbpf", __doc__)
    vars(shim).update({name: getattr(pbpf, name) for name in pbpf.__all__})
    vars(shim)["bpf"] = bpf_c
    vars(shim)["__path__"] = []
    sys.modules["pythonbpf"] = shim
    for name in ("maps", "helper", "net"):
        sys.modules[f"pythonbpf.{name}"] = getattr(pbpf, name)
        setattr(shim, name, getattr(pbpf, name))
