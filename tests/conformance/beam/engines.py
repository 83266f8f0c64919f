"""Where Beam and Flink are installed, and how they are run."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PEERS = Path(os.environ.get("PEERS_DIR", ROOT / ".peers"))
BEAM_PYTHON = PEERS / "beam/bin/python"
FLINK_PYTHON = PEERS / "flink/bin/python"
RUNTIME = ROOT / "crates/beam/runtime"


def run(command, **environment):
    """Runs a command to its end; its output is what a failure shows."""
    env = {**os.environ, "TZ": "UTC", **environment}
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env, timeout=600)
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout
