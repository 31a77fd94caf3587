"""`python -m config.supervisor [--reset]`: what `make demo` and `make demo-reset` run."""

import errno
import os
import sys
import warnings
from pathlib import Path

from config.servers import CannotStart
from config.supervisor.demo import Demo, Stopped

ROOT = Path(__file__).resolve().parent.parent.parent
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def main(arguments: list[str]) -> int:
    """Run until stopped. Returns 0 after Ctrl-C or SIGTERM, 1 with the reason on stderr where it cannot start."""
    if set(arguments) - {"--reset"}:
        print("Usage: python -m config.supervisor [--reset]", file=sys.stderr)
        return 2
    local = Path(os.environ.get("MAKEWHERE_LOCAL") or ROOT / ".local").resolve()
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # a package of the embedded server says so in vain
    try:
        Demo(ROOT, local).run(reset="--reset" in arguments)
    except Stopped:
        print("Stopped. The data is kept; `make demo` goes on with it.")
    except CannotStart as refusal:
        print(f"Makewhere did not start: {refusal}", file=sys.stderr)
        return 1
    except OSError as problem:
        if problem.errno not in NO_ROOM:
            raise
        print(
            f"Makewhere did not start: there is no room to write below {local} ({problem.strerror}). "
            "Free at least 1 GB there, or raise the limit on file sizes (ulimit -f), and start again.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
