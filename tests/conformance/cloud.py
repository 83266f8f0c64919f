"""`ssectl cloud plan|up|down` on servers that we did not write, looked at with clients that we did not write.

    cloud.py SSECTL [SERVER...]     all of them: kafka elasticmq moto-sqs kinesis-local kinesalite moto-kinesis google

On each: `plan` makes nothing, `up` makes the streams of a scenario with their tags, a second one changes nothing, the
scenario passes there with `--prefix`, `down` leaves what was there before, and a second one finds nothing. Streams of
somebody else are there all the time: one whose name the scenario has without the prefix, one that only begins with it.

pstest is none of the servers: it speaks gRPC alone, and streams are made by REST. google is Google's emulator, which is
left out, with a word, where the Google Cloud CLI has not installed it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import boto3
from confluent_kafka.admin import AdminClient, NewTopic

from support.programs import PEERS, PEERS_SCRIPTS
from support.wait import eventually

SCENARIO = Path(__file__).resolve().parents[2] / "scenarios/01-kafka-uppercase"
PREFIX = "lab7-"
STREAMS = {f"{PREFIX}words", f"{PREFIX}shouted"}
OTHERS = {"words", f"{PREFIX}of-somebody-else"}
TAGS = {"created-by": "ssectl", "scenario": "kafka-uppercase", "prefix": PREFIX}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


def script(name, *arguments):
    """Runs a script of tests/peers and returns the KEY=VALUE lines that it prints."""
    done = subprocess.run([PEERS_SCRIPTS / name, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


class Scripted:
    """A server that a script of tests/peers starts and stops."""

    script, server = "", ()

    def __init__(self, data):
        self.data = data

    def start(self):
        """Starts it; sets `endpoint`."""
        self.endpoint = script(self.script, "start", *self.server, "--data", self.data)["ENDPOINT"]

    def stop(self):
        """Ends it."""
        script(self.script, "stop", "--data", self.data)


class Kafka(Scripted):
    """Apache Kafka. It has no tags."""

    script, tagged = "kafka.sh", False

    def start(self):
        self.endpoint = script(self.script, "start", "--data", self.data)["BOOTSTRAP"]
        self.admin = AdminClient({"bootstrap.servers": self.endpoint, "log_level": 0})

    def target(self):
        return {"adapter": "kafka", "brokers": self.endpoint}

    def make(self, names):
        for made in self.admin.create_topics([NewTopic(name, 1, 1) for name in names]).values():
            made.result()

    def names(self):
        return {name for name in self.admin.list_topics(timeout=60).topics if not name.startswith("__")}


class Aws(Scripted):
    """What the services of AWS have in common."""

    tagged = True

    def client(self):
        return boto3.client(
            self.service, endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def target(self):
        return {"adapter": self.service, "endpoint": self.endpoint}


class Sqs(Aws):
    """ElasticMQ."""

    script, service = "sqs.sh", "sqs"

    def make(self, names):
        for name in names:
            self.client().create_queue(QueueName=name)

    def queues(self):
        return {url.rsplit("/", 1)[1]: url for url in self.client().list_queues().get("QueueUrls", [])}

    def names(self):
        return set(self.queues())

    def tags(self, name):
        return self.client().list_queue_tags(QueueUrl=self.queues()[name])["Tags"]


class MotoSqs(Sqs):
    """moto; the script of Kinesis starts all of it."""

    script, server = "kinesis.sh", ("moto",)


class Kinesis(Aws):
    """kinesis-local."""

    script, server, service = "kinesis.sh", ("kinesis-local",), "kinesis"

    def make(self, names):
        for name in names:
            self.client().create_stream(StreamName=name, ShardCount=1)
            self.client().get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})

    def names(self):
        return set(self.client().list_streams()["StreamNames"])

    def tags(self, name):
        return {tag["Key"]: tag["Value"] for tag in self.client().list_tags_for_stream(StreamName=name)["Tags"]}


class Kinesalite(Kinesis):
    """kinesalite."""

    server = ("kinesalite",)


class MotoKinesis(Kinesis):
    """moto."""

    server = ("moto",)


class Google:
    """Google's emulator of Pub/Sub, by REST. Labels are its tags; subscriptions count as streams, so that none is left."""

    tagged = True

    def __init__(self, data):
        self.log = Path(data) / "google.log"

    def start(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen([PEERS_SCRIPTS / "pubsub.sh", "google"], stderr=log, stdin=subprocess.DEVNULL)
        ready = eventually(lambda: [line for line in self.log.read_text().splitlines() if line.endswith(" ready")], "it is ready")
        self.address = ready[0].split()[1]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        url = f"http://{self.address}/v1/projects/lab/{path}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def target(self):
        return {"adapter": "pubsub", "endpoint": f"http://{self.address}", "project": "lab"}

    def make(self, names):
        for name in names:
            self.ask("PUT", f"topics/{name}", {})

    def names(self):
        listed = [*self.ask("GET", "topics").get("topics", []), *self.ask("GET", "subscriptions").get("subscriptions", [])]
        return {one["name"].rsplit("/", 1)[1] for one in listed}

    def tags(self, name):
        return self.ask("GET", f"topics/{name}").get("labels", {})


SERVERS = {"kafka": Kafka, "elasticmq": Sqs, "moto-sqs": MotoSqs, "kinesis-local": Kinesis, "kinesalite": Kinesalite,
           "moto-kinesis": MotoKinesis, "google": Google}


def check(name, server, ssectl, folder):
    """Plans, makes, uses and removes."""
    (folder / "ssectl.yaml").write_text(f"targets: {{lab: {json.dumps(server.target())}}}\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **CREDENTIALS}

    def run(*verbs):
        command = [ssectl, *verbs, SCENARIO, "--target", "lab", "--prefix", PREFIX]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"`{' '.join(verbs)}` ended with {done.returncode}: {done.stderr[-2000:]}"
        return done

    def fates(action):
        lines = [line.split() for line in run("cloud", action).stdout.splitlines()]
        assert {words[0] for words in lines} == STREAMS, lines
        [fate] = {words[-1] for words in lines}
        return fate

    def there(names):
        eventually(lambda: server.names() == names, f"{name} has {sorted(names)} and nothing else")

    server.make(OTHERS)
    there(OTHERS)
    assert fates("plan") == "missing"
    there(OTHERS)
    assert fates("up") == "made"
    there(OTHERS | STREAMS)
    if server.tagged:
        for stream in STREAMS:
            found = server.tags(stream)
            assert TAGS.items() <= found.items(), f"{stream} has the tags {found}"
    assert fates("up") == "present" and fates("plan") == "present"
    there(OTHERS | STREAMS)
    ran = run("run")
    assert "ok: count: 1000 records" in ran.stderr, ran.stderr
    there(OTHERS | STREAMS)
    assert fates("down") == "deleted"
    there(OTHERS)
    assert fates("down") == "missing" and fates("plan") == "missing"
    there(OTHERS)


def is_there(name):
    """Whether a server is installed; only Google's may be missing."""
    return name != "google" or subprocess.run([PEERS_SCRIPTS / "pubsub.sh", "has-google"], check=False).returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ssectl", type=Path)
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=", ".join(SERVERS))
    arguments = parser.parse_args()
    passed, failed = 0, 0
    for name in arguments.servers or SERVERS:
        if not is_there(name):
            print(f"cloud: {name} is left out: it is not installed", flush=True)
            continue
        run = PEERS / "run/cloud"
        run.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=run) as folder:
            server = SERVERS[name](folder)
            try:
                server.start()
                check(name, server, arguments.ssectl.resolve(), Path(folder))
                passed += 1
                print(f"cloud: ok: {name}{'' if server.tagged else ', which has no tags'}", flush=True)
            except (AssertionError, subprocess.SubprocessError, OSError) as fault:
                failed += 1
                print(f"cloud: FAILED: {name}: {fault}", flush=True)
            finally:
                server.stop()
    print(f"cloud: {passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
