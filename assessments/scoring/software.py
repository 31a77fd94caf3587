"""What computes here."""

import platform

import numpy
import scipy


def software() -> dict[str, str]:
    """The versions that decide about the last bit of a result, and the kind of machine."""
    return {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }
