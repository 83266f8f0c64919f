"""Where Beam and Flink are installed, and how they are run."""

import json
import os
import subprocess
import urllib.request
from collections import Counter
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


class Cluster:
    """A cluster of Flink that runs."""

    def __init__(self, addresses):
        self.addresses = addresses

    def options(self, *more):
        """What tells Beam to run a pipeline there; its workers are processes of this machine."""
        endpoints = [f"--{name}={self.addresses[name.upper()]}" for name in ("job_endpoint", "artifact_endpoint")]
        return [*endpoints, "--environment_type=LOOPBACK", *more]

    def get(self, path):
        """What the job manager says."""
        with urllib.request.urlopen(self.addresses["REST"] + path, timeout=30) as answer:
            return json.load(answer)

    def jobs(self):
        """The states of all jobs so far, by their ids."""
        return {job["jid"]: job["state"] for job in self.get("/jobs/overview")["jobs"]}

    def grouped(self, job):
        """How many groups each task manager made in the step of a job that groups by key and window."""
        made = Counter()
        for vertex in self.get(f"/jobs/{job}")["vertices"]:
            if vertex["name"].startswith("GroupReduce (GroupReduce at aggregates/GroupByKey"):
                for task in self.get(f"/jobs/{job}/vertices/{vertex['id']}")["subtasks"]:
                    made[task["taskmanager-id"]] += task["metrics"]["write-records"]
        return made
