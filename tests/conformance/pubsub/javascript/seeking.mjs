// Seeking: to a snapshot, to a time.
import assert from "node:assert/strict";

import { pair, publish, receive, texts } from "./support.mjs";

export async function a_snapshot_brings_back_what_was_not_acknowledged(client) {
  const { topic, subscription } = await pair(client);
  await publish(topic, ["before"]);
  await receive(subscription, 1);
  const [snapshot] = await subscription.createSnapshot("saved");
  await publish(topic, ["after"]);
  assert.deepEqual(texts(await receive(subscription, 1)), ["after"]);
  await subscription.seek("saved");
  assert.deepEqual(texts(await receive(subscription, 1)), ["after"]);
  const [all] = await client.getSnapshots();
  assert.deepEqual(all.map((one) => one.name), [snapshot.name]);
  await snapshot.delete();
  await assert.rejects(subscription.seek("saved"), { code: 5 });
}

export async function a_snapshot_serves_another_subscription(client) {
  const { topic, subscription } = await pair(client);
  const [other] = await topic.createSubscription("other");
  await publish(topic, ["a"]);
  await subscription.createSnapshot("saved");
  await receive(other, 1);
  await other.seek("saved");
  assert.deepEqual(texts(await receive(other, 1)), ["a"]);
}

export async function a_time_brings_back_what_was_acknowledged(client) {
  const { topic, subscription } = await pair(client, { retainAckedMessages: true });
  const before = new Date(Date.now() - 60_000);
  await publish(topic, ["a", "b"]);
  await receive(subscription, 2);
  await subscription.seek(before);
  assert.deepEqual(texts(await receive(subscription, 2)).sort(), ["a", "b"]);
}

export async function a_time_to_come_acknowledges_everything(client) {
  const { topic, subscription } = await pair(client);
  await publish(topic, ["a", "b"]);
  await subscription.seek(new Date(Date.now() + 60_000));
  // What is published now is before that time, too, but came after the seek.
  await publish(topic, ["c"]);
  assert.deepEqual(texts(await receive(subscription, 1)), ["c"]);
}
