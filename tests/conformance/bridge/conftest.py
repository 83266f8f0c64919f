"""Fixtures of the suite of `--bridge`: an emulator of all services over one log, which tests may kill."""

import os
import signal
import subprocess

import pytest
from support.wait import eventually

SERVICES = ("kafka", "kinesis", "pubsub", "sqs", "eventhubs")


class Bridged:
    """`ssectl emulator --bridge` with a data directory."""

    def __init__(self, ssectl, folder):
        self.ssectl, self.folder, self.process, self.addresses = ssectl, folder, None, {}

    def start(self, *arguments):
        """Starts it; the ports are others each time."""
        log = self.folder / "emulator.log"
        with log.open("wb") as file:
            self.process = subprocess.Popen(
                [self.ssectl, "emulator", "--bridge", "--data-dir", self.folder / "data", "--partitions", "3",
                 "--kafka-port", "0", "--aws-port", "0", "--pubsub-port", "0", "--eventhubs-port", "0", *arguments],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file)

        def ready():
            assert self.process.poll() is None, log.read_text()
            lines = [line.split() for line in log.read_text().splitlines() if line.endswith(" ready")]
            self.addresses = {name: address for name, address, _ in lines}
            return len(self.addresses) == len(SERVICES)

        eventually(ready, "all services are ready")

    def kill(self):
        """Ends it with SIGKILL."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self):
        """Ends it, if it runs."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@pytest.fixture
def bridged(request, tmp_path):
    """A bridged emulator that runs."""
    ssectl = request.config.getoption("--ssectl")
    if not ssectl:
        pytest.exit("--ssectl PROGRAM is needed; tests/conformance/bridge.sh gives it", returncode=2)
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    bridged = Bridged(ssectl, tmp_path)
    bridged.start()
    yield bridged
    bridged.stop()
