"""Loaded by the workers of tests/workers/test_report.py: a disk that takes its time, or no more than so many bytes.

STORING_TAKES      seconds between the first bytes of a file and its being whole
FILES_UP_TO_BYTES  the largest file that this process may write, as on a full disk
"""

import os
import resource
import time

from assessments.services import files

if seconds := os.environ.get("STORING_TAKES"):
    sync = files.os.fsync

    def slow_sync(descriptor):
        time.sleep(float(seconds))
        sync(descriptor)

    files.os.fsync = slow_sync

if most := os.environ.get("FILES_UP_TO_BYTES"):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most), int(most)))
