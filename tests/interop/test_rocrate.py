"""The RO-Crate project's own validator, on a dossier.

It is called as a program: it wants an older rich than Prefect brings, so it cannot be a dependency group here.
``uv tool install roc-validator==0.13.0`` (Apache-2.0), then ``pytest tests/interop/test_rocrate.py``. It reads the
context of RO-Crate from w3id.org and needs the network for that.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from handedover import handed_over

VALIDATOR = shutil.which("rocrate-validator")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(VALIDATOR is None, reason="roc-validator is not installed as a tool"),
]


def test_a_dossier_is_a_valid_crate(tmp_path: Path) -> None:
    try:
        socket.getaddrinfo("w3id.org", 443)
    except OSError:
        pytest.skip("w3id.org cannot be reached, and the validator reads the context from there")
    folder = handed_over(tmp_path, trials=5).folder
    command = [str(VALIDATOR), "-y", "--disable-color", "validate", "--no-paging", "-p", "ro-crate-1.1", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout
