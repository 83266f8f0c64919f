"""Schemas, and messages that are checked against them."""

import base64
import json

import pytest
from google.api_core.exceptions import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from google.pubsub_v1.types import Encoding

AVRO = '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "count", "type": "int"}]}'
WIDER = (
    '{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "string"}, {"name": "count", "type": "int"},'
    ' {"name": "note", "type": ["null", "string"], "default": null}]}'
)
PROTO = 'syntax = "proto3";\nmessage Order { string id = 1; int32 count = 2; }'
WIDER_PROTO = 'syntax = "proto3";\nmessage Order { string id = 1; int32 count = 2; string note = 3; }'

NO_PROTOBUF = "has no protocol buffers"
FULL = "shows definitions in lists"
NO_COMPARISON = "takes any revision"


def kind(definition):
    return "AVRO" if definition.lstrip().startswith(("{", "[", '"')) else "PROTOCOL_BUFFER"


def of(definition, **more):
    return {"type_": kind(definition), "definition": definition, **more}


@pytest.fixture
def schema(schemas, project):
    """Makes schemas: `schema(AVRO)` returns what the server shows."""

    def make(definition=AVRO, schema_id="order"):
        return schemas.create_schema(parent=project, schema=of(definition), schema_id=schema_id, retry=None, timeout=10)

    return make


@pytest.fixture
def commit(schemas):
    def commit(name, definition):
        return schemas.commit_schema(name=name, schema=of(definition, name=name), retry=None, timeout=10)

    return commit


@pytest.fixture
def validate(schemas, project):
    """Validates a message against a definition or a schema's name."""

    def validate(schema, message, encoding="JSON"):
        spec = {"name": schema} if schema.startswith("projects/") else {"schema": of(schema)}
        request = {"parent": project, "message": message, "encoding": encoding, **spec}
        schemas.validate_message(request=request, retry=None, timeout=10)

    return validate


def protobuf(*values):
    return pytest.param(*values, marks=pytest.mark.differs(google=NO_PROTOBUF))


@pytest.mark.parametrize("definition", [AVRO, protobuf(PROTO)])
def test_a_schema_is_shown_as_it_was_made(schemas, project, schema, definition):
    made = schema(definition)
    shown = schemas.get_schema(name=made.name)
    assert shown == made and made.name == f"{project}/schemas/order"
    assert (shown.type_.name, shown.definition) == (kind(definition), definition)
    assert len(shown.revision_id) == 8 and int(shown.revision_id, 16) >= 0 and shown.revision_create_time
    assert schemas.get_schema(name=f"{made.name}@{made.revision_id}") == made
    basic = schemas.get_schema(request={"name": made.name, "view": "BASIC"})
    assert (basic.definition, basic.revision_id) == ("", made.revision_id)


def test_schemas_are_there_once_or_not_at_all(schemas, project, schema):
    made = schema()
    with pytest.raises(AlreadyExists):
        schema()
    schemas.delete_schema(name=made.name)
    for call in (schemas.get_schema, schemas.delete_schema):
        with pytest.raises(NotFound):
            call(name=made.name, retry=None, timeout=10)


@pytest.mark.parametrize(
    "definition",
    [
        "{",
        '{"type": "recrd"}',
        '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "Unknown"}]}',
        protobuf('syntax = "proto3"; message R { strin a = 1; }'),
        protobuf('syntax = "proto3"; message R {} message S {}'),
        protobuf('syntax = "proto3"; import "google/protobuf/timestamp.proto"; message R { google.protobuf.Timestamp t = 1; }'),
    ],
)
def test_a_definition_that_is_none_is_refused(schemas, project, schema, definition):
    for call in (
        lambda: schema(definition),
        lambda: schemas.validate_schema(parent=project, schema=of(definition), retry=None, timeout=10),
    ):
        with pytest.raises(InvalidArgument):
            call()


@pytest.mark.parametrize("definition", [AVRO, protobuf(PROTO)])
def test_a_definition_that_is_good_is_found_good(schemas, project, definition):
    schemas.validate_schema(parent=project, schema=of(definition), retry=None, timeout=10)


@pytest.mark.parametrize("schema_id", ["ab", "1bc", "googlex", "a b", ""])
def test_a_bad_name_is_refused(schema, schema_id):
    with pytest.raises(InvalidArgument):
        schema(schema_id=schema_id)


@pytest.mark.differs(google="takes any size")
def test_a_definition_has_a_largest_size(schema):
    with pytest.raises(InvalidArgument):
        schema(AVRO + " " * (300 << 10))


@pytest.mark.differs(google=FULL)
def test_schemas_are_listed_in_pages(schemas, project, schema):
    made = {schema(schema_id=f"order-{number}").name for number in range(3)}
    page = next(iter(schemas.list_schemas(request={"parent": project, "page_size": 2}).pages))
    assert len(page.schemas) == 2 and page.next_page_token
    listed = list(schemas.list_schemas(parent=project))
    assert {one.name for one in listed} == made and {one.definition for one in listed} == {""}
    full = list(schemas.list_schemas(request={"parent": project, "view": "FULL"}))
    assert {one.definition for one in full} == {AVRO}


@pytest.mark.parametrize("first, second", [(AVRO, WIDER), protobuf(PROTO, WIDER_PROTO)])
def test_revisions_are_committed_rolled_back_and_deleted(schemas, schema, commit, first, second):
    made = schema(first)
    new = commit(made.name, second)
    assert new.revision_id != made.revision_id and schemas.get_schema(name=made.name) == new
    assert schemas.get_schema(name=f"{made.name}@{made.revision_id}").definition == first
    back = schemas.rollback_schema(name=made.name, revision_id=made.revision_id)
    assert back.definition == first and back.revision_id not in {made.revision_id, new.revision_id}
    listed = [one.revision_id for one in schemas.list_schema_revisions(name=made.name)]
    assert sorted(listed) == sorted([made.revision_id, new.revision_id, back.revision_id])
    assert schemas.delete_schema_revision(name=f"{made.name}@{new.revision_id}").revision_id == new.revision_id
    assert len(list(schemas.list_schema_revisions(name=made.name))) == 2
    with pytest.raises(NotFound):
        schemas.get_schema(name=f"{made.name}@{new.revision_id}", retry=None, timeout=10)


def test_the_only_revision_cannot_be_deleted(schemas, schema):
    made = schema()
    with pytest.raises((FailedPrecondition, InvalidArgument)):
        schemas.delete_schema_revision(name=f"{made.name}@{made.revision_id}", retry=None, timeout=10)
    assert schemas.get_schema(name=made.name) == made


@pytest.mark.differs(google=NO_COMPARISON)
@pytest.mark.parametrize(
    "first, second",
    [
        (AVRO, AVRO.replace('"int"', '"boolean"')),
        (AVRO, WIDER.replace(', "default": null', "")),
        (AVRO, AVRO.replace('"count"', '"number"')),
        (PROTO, PROTO.replace("int32", "string")),
        (PROTO, WIDER_PROTO.replace("string note", "repeated string note")),
        (AVRO, PROTO),
    ],
)
def test_a_revision_that_does_not_fit_is_refused(schemas, schema, commit, first, second):
    made = schema(first)
    with pytest.raises(InvalidArgument):
        commit(made.name, second)
    assert schemas.get_schema(name=made.name) == made


@pytest.mark.differs(google="takes any number")
def test_a_schema_has_at_most_twenty_revisions(schema, commit):
    made = schema()
    for _ in range(19):
        commit(made.name, AVRO)
    with pytest.raises(FailedPrecondition):
        commit(made.name, AVRO)


@pytest.mark.parametrize(
    "definition, good, bad",
    [
        (AVRO, {"id": "x", "count": 1}, {"id": "x", "count": "1"}),
        (AVRO, {"id": "x", "count": 1}, {"id": "x"}),
        (AVRO, {"id": "x", "count": 1}, {"id": "x", "count": 1 << 31}),
        (WIDER, {"id": "x", "count": 1, "note": {"string": "y"}}, {"id": "x", "count": 1, "note": "y"}),
        protobuf(PROTO, {"id": "x", "count": 1}, {"id": 1}),
        protobuf(PROTO, {}, {"unknown": 1}),
    ],
)
def test_messages_in_json_fit_or_not(validate, definition, good, bad):
    validate(definition, json.dumps(good).encode())
    for message in (json.dumps(bad).encode(), b"", b"{"):
        with pytest.raises(InvalidArgument):
            validate(definition, message)


@pytest.mark.parametrize(
    "definition, good",
    [(AVRO, b"\x02x\x02"), (WIDER, b"\x02x\x02\x02\x02y"), protobuf(PROTO, b"\x0a\x01x\x10\x01")],
)
def test_messages_in_binary_fit_or_not(schema, validate, definition, good):
    validate(definition, good, "BINARY")
    validate(schema(definition).name, good, "BINARY")
    with pytest.raises(InvalidArgument):
        validate(definition, good[:-1], "BINARY")


@pytest.mark.differs(google="takes what follows a message")
def test_nothing_may_follow_a_message(validate):
    for message, encoding in ((b"\x02x\x02\x00", "BINARY"), (b'{"id": "x", "count": 1} 1', "JSON")):
        with pytest.raises(InvalidArgument):
            validate(AVRO, message, encoding)


@pytest.mark.parametrize("encoding, good, bad", [("JSON", b'{"id": "x", "count": 1}', b'{"id": 1}'), ("BINARY", b"\x02x\x02", b"\x02")])
def test_a_topic_takes_only_messages_that_fit(topic, subscription, publisher, schema, pull, encoding, good, bad):
    name = schema().name
    made = topic(schema_settings={"schema": name, "encoding": encoding})
    reader = subscription(made)
    with pytest.raises(InvalidArgument) as failed:
        publisher.publish(topic=made, messages=[{"data": good}, {"data": bad}], retry=None, timeout=10)
    assert "alidat" in str(failed.value) or "parse" in str(failed.value)
    publisher.publish(topic=made, messages=[{"data": good, "attributes": {"a": "b"}}], retry=None, timeout=10)
    (came,) = pull(reader)
    assert came.message.data == good
    attributes = dict(came.message.attributes)
    assert len(attributes.pop("googclient_schemarevisionid")) == 8
    assert attributes == {"a": "b", "googclient_schemaname": name, "googclient_schemaencoding": encoding}


@pytest.mark.differs(google="says less")
def test_a_refusal_says_why(topic, publisher, schema):
    made = schema()
    orders = topic(schema_settings={"schema": made.name, "encoding": "JSON"})
    with pytest.raises(InvalidArgument) as failed:
        publisher.publish(topic=orders, messages=[{"data": b'{"id": "x", "count": "1"}'}], retry=None, timeout=10)
    assert failed.value.message == "Invalid data in message: Message failed schema validation."
    info = failed.value.details[0]
    assert (info.reason, info.domain) == ("INVALID_JSON_AVRO_MESSAGE", "pubsub.googleapis.com")
    assert made.revision_id in info.metadata["revisionInfo"]
    assert "type string does not match schema which expected number_integer" in info.metadata["revisionInfo"]


def test_the_newest_revision_that_fits_counts(topic, subscription, publisher, schema, commit, pull):
    first = schema()
    second = commit(first.name, WIDER)
    made = topic(schema_settings={"schema": first.name, "encoding": "JSON"})
    reader = subscription(made)
    for message in (b'{"id": "x", "count": 1}', b'{"id": "x", "count": 1, "note": null}'):
        publisher.publish(topic=made, messages=[{"data": message}], retry=None, timeout=10)
    came = {one.message.data: one.message.attributes["googclient_schemarevisionid"] for one in pull(reader, 2)}
    assert list(sorted(came.items(), key=lambda one: len(one[0]))) == [
        (b'{"id": "x", "count": 1}', first.revision_id),
        (b'{"id": "x", "count": 1, "note": null}', second.revision_id),
    ]


def test_revisions_of_a_topic_have_bounds_that_can_be_changed(topic, publisher, schema, commit):
    first = schema()
    second = commit(first.name, WIDER)
    settings = {"schema": first.name, "encoding": "JSON", "first_revision_id": second.revision_id}
    made = topic(schema_settings=settings)
    old = {"topic": made, "messages": [{"data": b'{"id": "x", "count": 1}'}]}
    with pytest.raises(InvalidArgument):
        publisher.publish(request=old, retry=None, timeout=10)
    change = {"name": made, "schema_settings": {**settings, "first_revision_id": first.revision_id}}
    publisher.update_topic(request={"topic": change, "update_mask": {"paths": ["schema_settings"]}}, retry=None, timeout=10)
    publisher.publish(request=old, retry=None, timeout=10)
    shown = publisher.get_topic(topic=made).schema_settings
    assert (shown.first_revision_id, shown.encoding) == (first.revision_id, Encoding.JSON)


def test_a_topic_without_a_schema_again_takes_anything(topic, publisher, schema):
    made = topic(schema_settings={"schema": schema().name, "encoding": "JSON"})
    change = {"topic": {"name": made}, "update_mask": {"paths": ["schema_settings"]}}
    assert not publisher.update_topic(request=change, retry=None, timeout=10).schema_settings.schema
    publisher.publish(topic=made, messages=[{"data": b"anything"}], retry=None, timeout=10)


def test_settings_that_lead_nowhere_are_refused(topic, project, schema):
    name = schema().name
    for settings, error in (
        ({"schema": f"{project}/schemas/none", "encoding": "JSON"}, NotFound),
        ({"schema": name}, InvalidArgument),
        ({"schema": name, "encoding": "JSON", "first_revision_id": "00000000"}, NotFound),
    ):
        with pytest.raises(error):
            topic(schema_settings=settings)


def test_a_topic_whose_schema_is_deleted_takes_nothing(schemas, topic, publisher, schema):
    name = schema().name
    made = topic(schema_settings={"schema": name, "encoding": "JSON"})
    schemas.delete_schema(name=name)
    assert publisher.get_topic(topic=made).schema_settings.schema == "_deleted-schema_"
    schema()
    with pytest.raises(NotFound):
        publisher.publish(topic=made, messages=[{"data": b'{"id": "x", "count": 1}'}], retry=None, timeout=10)


def test_schemas_are_there_by_rest(rest, project):
    status, made = rest("POST", f"{project}/schemas", {"type": "AVRO", "definition": AVRO}, schemaId="order")
    assert status == 200 and made["name"] == f"{project}/schemas/order" and made["type"] == "AVRO"
    assert rest("GET", made["name"], view="FULL")[1] == made
    assert [one["name"] for one in rest("GET", f"{project}/schemas")[1]["schemas"]] == [made["name"]]
    revision = {"name": made["name"], "type": "AVRO", "definition": WIDER}
    new = rest("POST", f"{made['name']}:commit", {"schema": revision})[1]
    assert len(rest("GET", f"{made['name']}:listRevisions")[1]["schemas"]) == 2
    back = rest("POST", f"{made['name']}:rollback", {"revisionId": made["revisionId"]})[1]
    assert (new["definition"], back["definition"]) == (WIDER, AVRO)
    assert rest("DELETE", f"{made['name']}@{new['revisionId']}:deleteRevision")[0] == 200
    message = base64.b64encode(b'{"id": "x", "count": 1}').decode()
    check = {"name": made["name"], "message": message, "encoding": "JSON"}
    assert rest("POST", f"{project}/schemas:validate", {"schema": {"type": "AVRO", "definition": AVRO}}) == (200, {})
    assert rest("POST", f"{project}/schemas:validateMessage", check) == (200, {})
    status, refused = rest("POST", f"{project}/schemas:validateMessage", {**check, "message": ""})
    assert status == 400 and refused["error"]["status"] == "INVALID_ARGUMENT"
    assert rest("DELETE", made["name"]) == (200, {})
