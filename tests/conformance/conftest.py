"""Options, fixtures and the last line of the conformance suites.

A suite knows one thing about the server under test: the address given with `--bootstrap` (Kafka), `--aws-endpoint`,
`--pubsub-address` or `--eventhubs-endpoint`.
"""

import socket

import pytest

from support.login import Login

_OUTCOMES = ("passed", "failed", "error", "skipped")


def pytest_addoption(parser):
    group = parser.getgroup("conformance")
    group.addoption("--bootstrap", metavar="HOST:PORT", help="the broker under test")
    group.addoption("--sasl", metavar="HOST:PORT", help="a listener of the same broker that asks for SASL PLAIN")
    group.addoption("--sasl-user", default="alice")
    group.addoption("--sasl-password", default="alice-secret")
    group.addoption("--aws-endpoint", metavar="URL", help="the server of AWS's services under test")
    group.addoption("--aws-server", default="ssectl", help="which server that is: ssectl, moto, localstack")
    group.addoption("--pubsub-address", metavar="HOST:PORT", help="the server of Pub/Sub under test")
    group.addoption("--pubsub-server", default="ssectl", help="which server that is: ssectl, google, pstest")
    group.addoption("--ssectl", metavar="PROGRAM", help="the program whose emulators the suite of `--bridge` starts")
    group.addoption("--eventhubs-endpoint", metavar="HOST:PORT", help="the namespace of Event Hubs under test")


@pytest.fixture(scope="session")
def bootstrap(request):
    """HOST:PORT of the broker under test."""
    address = request.config.getoption("--bootstrap")
    if not address:
        pytest.exit("--bootstrap HOST:PORT is needed; tests/conformance/run.sh gives it", returncode=2)
    return address


@pytest.fixture
def target(bootstrap, request):
    """The broker under test; topics that the test made are deleted afterwards."""
    from support.target import Target  # the other suites have no client of Kafka

    host, port = bootstrap.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError as error:
        request.session.shouldfail = f"nothing serves at {bootstrap}: {error}"
        pytest.fail(request.session.shouldfail, pytrace=False)
    target = Target(bootstrap, request.node.name)
    yield target
    target.clean_up()


@pytest.fixture
def sasl(request):
    """Address and credentials of the SASL listener; tests that need it are skipped when the run has none."""
    option = request.config.getoption
    if not option("--sasl"):
        pytest.skip("this run has no listener that asks for SASL PLAIN (--sasl HOST:PORT)")
    return Login(option("--sasl"), option("--sasl-user"), option("--sasl-password"))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Ends the output with one line that a script can read."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    counts = {name: len(reporter.getreports(name)) for name in _OUTCOMES}
    failed = counts["failed"] + counts["error"]
    reporter.write_line(f"conformance: {counts['passed']} passed, {failed} failed, {counts['skipped']} skipped")
