// Streaming pull: flow control, leases, filters, many messages.
import assert from "node:assert/strict";

import { pair, pass, publish, range, receive, stop, texts } from "./support.mjs";

export async function no_more_messages_are_out_than_flow_control_allows(client) {
  const { topic, subscription } = await pair(client);
  await publish(topic, range(40).map(String));
  const reader = client.subscription(subscription.name, { flowControl: { maxMessages: 5, allowExcessMessages: false } });
  let out = 0;
  let most = 0;
  const came = await receive(reader, 40, async (message) => {
    most = Math.max(most, ++out);
    await new Promise(setImmediate);
    out--;
    message.ack();
  });
  assert.equal(new Set(texts(came)).size, 40);
  assert.ok(most <= 5, `${most} were out`);
}

export async function what_one_subscriber_may_not_hold_goes_to_another(client) {
  const { topic, subscription } = await pair(client, { ackDeadlineSeconds: 60 });
  await publish(topic, range(10).map(String));
  const flowControl = { maxMessages: 2, allowExcessMessages: false };
  const options = { flowControl, streamingOptions: { maxStreams: 1 } };
  const slow = client.subscription(subscription.name, options);
  const held = [];
  await new Promise((resolve, reject) => {
    slow.on("error", reject);
    slow.on("message", (message) => {
      held.push(message);
      if (held.length === 2) resolve();
    });
  });
  const rest = await receive(client.subscription(subscription.name), 8);
  held.forEach((message) => message.ack());
  assert.equal(new Set(texts([...held, ...rest])).size, 10);
  await stop(slow);
}

export async function a_lease_is_extended_while_a_message_is_worked_on(client) {
  const { topic, subscription } = await pair(client, { ackDeadlineSeconds: 10 });
  await publish(topic, ["slow"]);
  let deliveries = 0;
  subscription.on("message", () => deliveries++);
  const [came] = await receive(subscription, 1, () => pass(15_000));
  assert.equal(deliveries, 1);
  came.ack();
}

export async function only_what_passes_the_filter_comes(client) {
  const { topic, subscription } = await pair(client, { filter: 'attributes.lang = "de" AND NOT attributes:old' });
  await publish(topic, ["hello"], { attributes: { lang: "en" } });
  await publish(topic, ["alt"], { attributes: { lang: "de", old: "1" } });
  await publish(topic, ["hallo"], { attributes: { lang: "de" } });
  assert.deepEqual(texts(await receive(subscription, 1)), ["hallo"]);
}

export async function every_subscription_gets_every_message(client) {
  const { topic, subscription } = await pair(client);
  const [other] = await topic.createSubscription("other");
  await publish(topic, ["a", "b", "c"]);
  const [first, second] = await Promise.all([receive(subscription, 3), receive(other, 3)]);
  assert.deepEqual(texts(first).sort(), ["a", "b", "c"]);
  assert.deepEqual(texts(second).sort(), ["a", "b", "c"]);
}

export async function five_thousand_messages_are_shared_by_two_subscribers(client) {
  const { topic, subscription } = await pair(client, { ackDeadlineSeconds: 60 });
  const ids = new Set(await publish(topic, range(5000).map(String)));
  const left = new Set(ids);
  const readers = [client.subscription(subscription.name), client.subscription(subscription.name)];
  await new Promise((resolve, reject) => {
    for (const reader of readers) {
      reader.on("error", reject);
      reader.on("message", (message) => {
        message.ack();
        assert.ok(ids.has(message.id));
        left.delete(message.id);
        if (left.size === 0) resolve();
      });
    }
  });
  await Promise.all(readers.map(stop));
}

export async function a_stream_of_nothing_fails(client) {
  await assert.rejects(receive(client.subscription("nothing"), 1), { code: 5 });
}

export async function messages_are_pulled_one_request_at_a_time(client, { v1 }) {
  const { topic, subscription } = await pair(client);
  await publish(topic, ["a"]);
  const options = await client.getClientConfig();
  const subscriber = new v1.SubscriberClient(options);
  const pull = async () => {
    const [answer] = await subscriber.pull({ subscription: subscription.name, maxMessages: 10 });
    return answer.receivedMessages;
  };
  const [first] = await pull();
  await subscriber.modifyAckDeadline({ subscription: subscription.name, ackIds: [first.ackId], ackDeadlineSeconds: 0 });
  const [again] = await pull();
  assert.equal(again.message.messageId, first.message.messageId);
  await subscriber.acknowledge({ subscription: subscription.name, ackIds: [again.ackId] });
  await publish(topic, ["b"]);
  assert.deepEqual(texts((await pull()).map((one) => one.message)), ["b"]);
}
