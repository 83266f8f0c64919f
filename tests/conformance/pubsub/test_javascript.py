"""Google's client for JavaScript; what is done and expected stands in `javascript/`."""

import json
import os
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("javascript") / "run.mjs"

#: Scenarios that hold everywhere.
COMMON = [
    "topics_are_made_listed_and_deleted",
    "what_is_not_there_and_what_is_there_already_are_told_apart",
    "a_subscription_is_shown_as_it_was_made",
    "settings_are_changed_one_by_one",
    "a_message_arrives_as_it_was_sent",
    "messages_are_published_in_batches",
    "messages_of_a_key_come_in_order",
    "an_empty_message_is_refused",
    "a_large_message_goes_through",
    "no_more_messages_are_out_than_flow_control_allows",
    "a_lease_is_extended_while_a_message_is_worked_on",
    "every_subscription_gets_every_message",
    "five_thousand_messages_are_shared_by_two_subscribers",
    "a_stream_of_nothing_fails",
    "messages_are_pulled_one_request_at_a_time",
    "a_message_that_is_given_back_comes_again",
    "a_deadline_of_nothing_gives_a_message_back",
    "acknowledgements_are_confirmed_with_exactly_once_delivery",
    "an_outdated_acknowledgement_fails_with_exactly_once_delivery",
    "a_message_that_is_always_given_back_ends_as_a_dead_letter",
    "a_snapshot_brings_back_what_was_not_acknowledged",
    "a_snapshot_serves_another_subscription",
    "a_time_brings_back_what_was_acknowledged",
    "a_time_to_come_acknowledges_everything",
    "schemas_are_made_shown_listed_and_deleted",
    "messages_are_validated",
    "a_topic_with_a_schema_refuses_what_does_not_fit",
]

#: Scenarios in which Google's emulator does otherwise than Google documents.
DIFFERS = {
    "a_subscription_can_be_detached": "has no DetachSubscription",
    "permissions_are_asked_for": "has no policies",
    "a_key_goes_on_after_a_refused_message": "checks few limits",
    "what_one_subscriber_may_not_hold_goes_to_another": "ignores flow control",
    "only_what_passes_the_filter_comes": "ignores filters",
    "a_key_waits_for_the_message_that_was_given_back": "goes on with a key before its message comes again",
}

SCENARIOS = COMMON + [pytest.param(name, marks=pytest.mark.differs(google=why)) for name, why in DIFFERS.items()]


def node(address, *arguments):
    """Runs the program; fails with what it says, or when it takes too long."""
    if not os.environ.get("PUBSUB_JS"):
        pytest.fail("PUBSUB_JS is not set; pubsub.sh gives it")
    # Nobody is to look for a server of Google's clouds.
    environment = {**os.environ, "PUBSUB_EMULATOR_HOST": address, "METADATA_SERVER_DETECTION": "none"}
    ran = subprocess.run(
        ["node", str(RUN), *arguments], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_no_scenario_is_forgotten(address):
    assert sorted(json.loads(node(address, "--list"))) == sorted([*COMMON, *DIFFERS])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_javascript(address, project, scenario):
    node(address, scenario, project.removeprefix("projects/"))
