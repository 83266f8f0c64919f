// Publishing: attributes, batches, ordering keys.
import assert from "node:assert/strict";

import { pair, publish, range, receive, texts } from "./support.mjs";

export async function a_message_arrives_as_it_was_sent(client) {
  const { topic, subscription } = await pair(client, { enableMessageOrdering: true });
  const ordered = client.topic(topic.name, { messageOrdering: true });
  const data = Buffer.from([0, 255, 10, 13, 128]);
  const before = Date.now();
  const id = await ordered.publishMessage({ data, attributes: { "ä": "ö", empty: "" }, orderingKey: "k" });
  const [came] = await receive(subscription, 1);
  assert.equal(came.id, id);
  assert.deepEqual(came.data, data);
  assert.deepEqual(came.attributes, { "ä": "ö", empty: "" });
  assert.equal(came.orderingKey, "k");
  assert.ok(Math.abs(came.publishTime.getTime() - before) < 60_000);
}

export async function messages_are_published_in_batches(client) {
  const { topic, subscription } = await pair(client);
  const batched = client.topic(topic.name, { batching: { maxMessages: 100, maxMilliseconds: 600_000 } });
  const sent = range(250).map((number) => batched.publishMessage({ data: Buffer.from(String(number)) }));
  const full = await Promise.all(sent.slice(0, 200));
  await batched.flush();
  const ids = [...full, ...(await Promise.all(sent.slice(200)))];
  assert.equal(new Set(ids).size, 250);
  const came = await receive(subscription, 250);
  assert.deepEqual(new Map(came.map((one) => [one.id, one.data.toString()])), new Map(ids.map((id, at) => [id, String(at)])));
}

export async function messages_of_a_key_come_in_order(client) {
  const { topic, subscription } = await pair(client, { enableMessageOrdering: true });
  const ordered = client.topic(topic.name, { messageOrdering: true, batching: { maxMessages: 7 } });
  const sent = range(300).map((number) =>
    ordered.publishMessage({ data: Buffer.from(String(number)), orderingKey: `k${number % 3}` }),
  );
  await Promise.all(sent);
  const came = await receive(subscription, 300);
  for (const key of range(3)) {
    const own = texts(came.filter((message) => message.orderingKey === `k${key}`));
    assert.deepEqual(own, range(100).map((number) => String(number * 3 + key)));
  }
}

export async function a_key_goes_on_after_a_refused_message(client) {
  const { topic, subscription } = await pair(client, { enableMessageOrdering: true });
  const ordered = client.topic(topic.name, { messageOrdering: true });
  const send = (text, attributes) => ordered.publishMessage({ data: Buffer.from(text), attributes, orderingKey: "k" });
  await send("a");
  // Keys of attributes have at most 256 bytes.
  await assert.rejects(send("b", { ["x".repeat(257)]: "1" }), { code: 3 });
  ordered.resumePublishing("k");
  await send("c");
  assert.deepEqual(texts(await receive(subscription, 2)), ["a", "c"]);
}

export async function an_empty_message_is_refused(client) {
  const { topic } = await pair(client);
  await assert.rejects(publish(topic, [""]), { code: 3 });
}

export async function a_large_message_goes_through(client) {
  const { topic, subscription } = await pair(client);
  const data = Buffer.alloc(9_000_000, "x");
  await topic.publishMessage({ data });
  const [came] = await receive(subscription, 1);
  assert.ok(came.data.equals(data));
}
