# SPDX-License-Identifier: MIT
"""A file system so small that a test can fill it."""

import contextlib
import subprocess

import pytest


@contextlib.contextmanager
def small(folder, megabytes):
    """Mounted below the folder, where one may be mounted."""
    path = folder / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs",
         str(path)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("cannot mount here: " + done.stderr.strip())
    yield str(path)
    subprocess.run(["umount", "-l", str(path)], check=True)
