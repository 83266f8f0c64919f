// Schemas, and messages that are checked against them.
import assert from "node:assert/strict";

import { receive, texts } from "./support.mjs";

const definition = JSON.stringify({
  type: "record",
  name: "Order",
  fields: [
    { name: "id", type: "string" },
    { name: "count", type: "int" },
  ],
});

export async function schemas_are_made_shown_listed_and_deleted(client, { SchemaTypes, SchemaViews }) {
  const made = await client.createSchema("order", SchemaTypes.Avro, definition);
  const shown = await made.get(SchemaViews.Full);
  assert.equal(shown.definition, definition);
  assert.match(shown.revisionId, /^[0-9a-f]{8}$/);
  const listed = [];
  for await (const one of client.listSchemas(SchemaViews.Full)) listed.push(one);
  assert.deepEqual(listed.map((one) => [one.name, one.definition]), [[shown.name, definition]]);
  await made.delete();
  await assert.rejects(made.get(), { code: 5 });
}

export async function messages_are_validated(client, { SchemaTypes, Encodings }) {
  await client.validateSchema({ type: SchemaTypes.Avro, definition });
  await assert.rejects(client.validateSchema({ type: SchemaTypes.Avro, definition: "{" }), { code: 3 });
  const schema = await client.createSchema("order", SchemaTypes.Avro, definition);
  await schema.validateMessage(Buffer.from('{"id": "x", "count": 1}'), Encodings.Json);
  await schema.validateMessage(Buffer.from([2, 120, 2]), Encodings.Binary);
  await assert.rejects(schema.validateMessage(Buffer.from('{"id": "x"}'), Encodings.Json), { code: 3 });
}

export async function a_topic_with_a_schema_refuses_what_does_not_fit(client, { Schema, SchemaTypes, Encodings }) {
  const schema = await client.createSchema("order", SchemaTypes.Avro, definition);
  const name = await schema.getName();
  const [topic] = await client.createTopic({
    name: "orders",
    schemaSettings: { schema: name, encoding: Encodings.Json },
  });
  const [subscription] = await topic.createSubscription("reader");
  await assert.rejects(topic.publishMessage({ data: Buffer.from('{"id": 1}') }), { code: 3 });
  await topic.publishMessage({ data: Buffer.from('{"id": "x", "count": 1}') });
  const [came] = await receive(subscription, 1);
  assert.deepEqual(texts([came]), ['{"id": "x", "count": 1}']);
  const { name: which, encoding } = Schema.metadataFromMessage(came.attributes);
  assert.deepEqual([which, encoding], [name, Encodings.Json]);
}
