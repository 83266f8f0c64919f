// Acknowledgements: taken back, confirmed, counted until a message is dead.
import assert from "node:assert/strict";

import { pair, publish, receive, stop, texts } from "./support.mjs";

export async function a_message_that_is_given_back_comes_again(client) {
  const { topic, subscription } = await pair(client);
  const [id] = await publish(topic, ["a"]);
  const came = await receive(subscription, 3, (message, count) => (count < 3 ? message.nack() : message.ack()));
  assert.deepEqual(came.map((message) => message.id), [id, id, id]);
}

export async function a_deadline_of_nothing_gives_a_message_back(client) {
  const { topic, subscription } = await pair(client, { ackDeadlineSeconds: 600 });
  await publish(topic, ["a"]);
  const came = await receive(subscription, 2, (message, count) => (count < 2 ? message.modAck(0) : message.ack()));
  assert.deepEqual(texts(came), ["a", "a"]);
}

export async function acknowledgements_are_confirmed_with_exactly_once_delivery(client) {
  const { topic, subscription } = await pair(client, { enableExactlyOnceDelivery: true });
  await publish(topic, ["a", "b", "c"]);
  const confirmed = [];
  const came = await receive(subscription, 3, async (message) => confirmed.push(await message.ackWithResponse()));
  assert.deepEqual(texts(came).sort(), ["a", "b", "c"]);
  assert.deepEqual(confirmed, ["SUCCESS", "SUCCESS", "SUCCESS"]);
}

export async function an_outdated_acknowledgement_fails_with_exactly_once_delivery(client, { v1 }) {
  const { topic, subscription } = await pair(client, { enableExactlyOnceDelivery: true, ackDeadlineSeconds: 60 });
  await publish(topic, ["a"]);
  const subscriber = new v1.SubscriberClient(await client.getClientConfig());
  const outdated = async (message, first) => {
    const request = { subscription: subscription.name, ackIds: [first] };
    const refused = await subscriber.acknowledge(request).catch((error) => error);
    assert.equal(refused.code, 3);
    assert.equal(refused.errorInfoMetadata?.[first] ?? refused.statusDetails[0].metadata[first], "PERMANENT_FAILURE_INVALID_ACK_ID");
    assert.equal(await message.ackWithResponse(), "SUCCESS");
  };
  let first;
  await receive(subscription, 2, (message, count) => {
    if (count === 2) return outdated(message, first);
    first = message.ackId;
    return message.nackWithResponse();
  });
}

export async function a_message_that_is_always_given_back_ends_as_a_dead_letter(client) {
  const [grave] = await client.createTopic("grave");
  const [mourner] = await grave.createSubscription("mourner");
  const deadLetterPolicy = { deadLetterTopic: grave.name, maxDeliveryAttempts: 5 };
  const { topic, subscription } = await pair(client, { deadLetterPolicy });
  await publish(topic, ["poison"], { attributes: { lang: "de" } });
  const attempts = [];
  subscription.on("message", (message) => {
    attempts.push(message.deliveryAttempt);
    message.nack();
  });
  const [dead] = await receive(mourner, 1);
  await stop(subscription);
  assert.deepEqual(attempts, [1, 2, 3, 4, 5]);
  assert.equal(dead.data.toString(), "poison");
  assert.equal(dead.attributes.lang, "de");
  assert.equal(dead.attributes.CloudPubSubDeadLetterSourceDeliveryCount, "5");
  assert.equal(dead.attributes.CloudPubSubDeadLetterSourceSubscription, "orders-reader");
}

export async function a_key_waits_for_the_message_that_was_given_back(client) {
  const { topic, subscription } = await pair(client, { enableMessageOrdering: true });
  const ordered = client.topic(topic.name, { messageOrdering: true });
  await publish(ordered, ["0", "1", "2"], { orderingKey: "k" });
  // One at a time, so that what follows is not on its way already.
  const flowControl = { maxMessages: 1, allowExcessMessages: false };
  const reader = client.subscription(subscription.name, { flowControl, streamingOptions: { maxStreams: 1 } });
  const came = await receive(reader, 4, (message, count) => (count === 1 ? message.nack() : message.ack()));
  assert.deepEqual(texts(came), ["0", "0", "1", "2"]);
}
