"""What XLA compiled for JAX in this process, so that like trials share it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

MAX_PROGRAMS = 16
"""So many programs are kept; those that were not used for longest are dropped."""

_CPU_OPTIONS = {"xla_backend_optimization_level": 1}
"""XLA's own optimizations are not touched; LLVM's higher levels only take longer here."""

_programs: OrderedDict[str, Any] = OrderedDict()


def compiled(traced: Any) -> Any:
    """Compile a function, unless the same program has been compiled lately.

    Trials trace functions of their own, but what comes out is often the same program.

    Args:
        traced: The function as ``jax.jit(function).trace(...)`` returns it.
    """
    import jax

    lowered = traced.lower()
    key = hashlib.sha256(lowered.as_text().encode()).hexdigest()
    if key not in _programs:
        options = _CPU_OPTIONS if jax.default_backend() == "cpu" else None
        _programs[key] = lowered.compile(compiler_options=options)
    _programs.move_to_end(key)
    while len(_programs) > MAX_PROGRAMS:
        _programs.popitem(last=False)
    return _programs[key]


def forget() -> None:
    """Let go of all programs."""
    _programs.clear()
