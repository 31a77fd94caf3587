"""`python -m config.supervisor.archive backup|restore FOLDER [--replace] [--reason TEXT]`: `make backup`, `make restore`.

Runs `manage.py backup` or `manage.py restore` as the owner: on the servers that the environment names, or on the embedded
one, which is started for it where no demo runs.
"""

import argparse
import os
import subprocess
import sys
import warnings
from pathlib import Path

from config.environment import database
from config.servers import OWNER, CannotStart, url_of_running
from config.supervisor.demo import Demo

ROOT = Path(__file__).resolve().parent.parent.parent


class Archive:
    """Where the data of this machine's Makewhere is, with its PostgreSQL within reach while the block runs."""

    def __init__(self, local: Path):
        self.local, self._demo = local, Demo(ROOT, local)

    def owner_url(self, *, alone: bool) -> str:
        """The owner's address; starts the embedded server unless a demo has it running.

        alone    no demo may run
        Raises CannotStart
        """
        given = os.environ.get("DATABASE_OWNER_URL")
        if given:
            database(given, name="DATABASE_OWNER_URL")
            return given
        if os.environ.get("DATABASE_URL"):
            raise CannotStart("set DATABASE_OWNER_URL: the owner of the tables makes and restores backups.")
        self.local.mkdir(parents=True, exist_ok=True)
        try:
            self._demo.take_lock()
        except CannotStart:
            if alone:
                raise CannotStart(
                    f"a demo runs on {self.local}. Stop it with Ctrl-C first: nothing may write during a restore."
                ) from None
            return url_of_running(self.local, OWNER)
        if not alone and not (self.local / "postgres.made").exists():
            raise CannotStart(f"there is no database below {self.local} yet. Run `make demo` first.")
        self._demo.records.end_leftovers()
        return self._demo.database()[1]

    def close(self) -> None:
        if self._demo.postgres is not None:
            self._demo.postgres.stop()
            self._demo.records.end_leftovers()

    def manage(self, owner_url: str, *arguments: str) -> int:
        """The exit code of a command run as the owner, its words on this terminal."""
        environment = {
            "DJANGO_SETTINGS_MODULE": "config.settings.dev",
            "MEDIA_ROOT": str(self.local / "media"),
            "AUDIT_ANCHOR": str(self.local / "anchors" / "heads.jsonl"),
            "LOG_LEVEL": "WARNING",
            **os.environ,
            "DATABASE_URL": owner_url,
        }
        return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment).returncode


def main(arguments: list[str]) -> int:
    asked = argparse.ArgumentParser(prog="archive")
    asked.add_argument("act", choices=["backup", "restore"])
    asked.add_argument("folder", nargs="?", type=Path)
    asked.add_argument("--replace", action="store_true")
    asked.add_argument("--reason", default="")
    given = asked.parse_args(arguments)
    local = Path(os.environ.get("MAKEWHERE_LOCAL") or ROOT / ".local").resolve()
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")
    archive = Archive(local)
    try:
        if given.act == "backup":
            folder = (given.folder or local / "backups").resolve()
            return archive.manage(archive.owner_url(alone=False), "backup", "--to", str(folder))
        if given.folder is None:
            print("Say which: make restore BACKUP=folder", file=sys.stderr)
            return 2
        more = (["--replace"] if given.replace else []) + (["--reason", given.reason] if given.reason else [])
        return archive.manage(archive.owner_url(alone=True), "restore", str(given.folder.resolve()), *more)
    except CannotStart as refusal:
        print(f"Nothing was done: {refusal}", file=sys.stderr)
        return 1
    finally:
        archive.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
