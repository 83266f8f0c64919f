// Topics and subscriptions: made, shown, listed, changed, deleted.
import assert from "node:assert/strict";

const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

export async function topics_are_made_listed_and_deleted(client) {
  const names = [];
  for (const name of ["first", "second", "third"]) {
    const [topic] = await client.createTopic(name);
    names.push(topic.name);
  }
  const [all] = await client.getTopics();
  assert.deepEqual(all.map((topic) => topic.name).sort(), names.sort());
  const [page, next] = await client.getTopics({ pageSize: 2, autoPaginate: false });
  assert.equal(page.length, 2);
  assert.ok(next.pageToken);
  await client.topic("first").delete();
  assert.deepEqual(await client.topic("first").exists(), [false]);
  assert.deepEqual(await client.topic("second").exists(), [true]);
}

export async function what_is_not_there_and_what_is_there_already_are_told_apart(client) {
  await assert.rejects(client.topic("nothing").getMetadata(), { code: NOT_FOUND });
  await assert.rejects(client.subscription("nothing").getMetadata(), { code: NOT_FOUND });
  await client.createTopic("orders");
  await assert.rejects(client.createTopic("orders"), { code: ALREADY_EXISTS });
}

export async function a_subscription_is_shown_as_it_was_made(client) {
  const [topic] = await client.createTopic("orders");
  const [grave] = await client.createTopic("grave");
  const [made] = await topic.createSubscription("reader", {
    ackDeadlineSeconds: 33,
    messageRetentionDuration: 3600,
    labels: { team: "a" },
    enableMessageOrdering: true,
    filter: 'attributes:lang',
    retryPolicy: { minimumBackoff: { seconds: 11 }, maximumBackoff: { seconds: 22 } },
    deadLetterPolicy: { deadLetterTopic: grave.name, maxDeliveryAttempts: 7 },
  });
  const [shown] = await client.subscription("reader").getMetadata();
  assert.equal(shown.name, made.name);
  assert.equal(shown.topic, topic.name);
  assert.equal(shown.ackDeadlineSeconds, 33);
  assert.equal(Number(shown.messageRetentionDuration.seconds), 3600);
  assert.deepEqual(shown.labels, { team: "a" });
  assert.equal(shown.enableMessageOrdering, true);
  assert.equal(shown.filter, "attributes:lang");
  assert.equal(Number(shown.retryPolicy.minimumBackoff.seconds), 11);
  assert.equal(shown.deadLetterPolicy.maxDeliveryAttempts, 7);
  const [listed] = await topic.getSubscriptions();
  assert.deepEqual(listed.map((one) => one.name), [made.name]);
}

export async function settings_are_changed_one_by_one(client) {
  const [topic] = await client.createTopic("orders");
  const [reader] = await topic.createSubscription("reader", { ackDeadlineSeconds: 20, retainAckedMessages: true });
  await reader.setMetadata({ ackDeadlineSeconds: 44 });
  const [shown] = await reader.getMetadata();
  assert.equal(shown.ackDeadlineSeconds, 44);
  assert.equal(shown.retainAckedMessages, true);
  await topic.setMetadata({ messageRetentionDuration: { seconds: 7200 } });
  const [changed] = await topic.getMetadata();
  assert.equal(Number(changed.messageRetentionDuration.seconds), 7200);
}

export async function a_subscription_can_be_detached(client) {
  const [topic] = await client.createTopic("orders");
  const [reader] = await topic.createSubscription("reader");
  assert.deepEqual(await reader.detached(), [false]);
  await client.detachSubscription("reader");
  assert.deepEqual(await reader.detached(), [true]);
}

export async function permissions_are_asked_for(client) {
  const [topic] = await client.createTopic("orders");
  const [granted] = await topic.iam.testPermissions(["pubsub.topics.publish"]);
  assert.deepEqual(granted, { "pubsub.topics.publish": true });
  const [policy] = await topic.iam.setPolicy({
    bindings: [{ role: "roles/pubsub.publisher", members: ["user:a@example.com"] }],
  });
  assert.equal(policy.bindings[0].role, "roles/pubsub.publisher");
  const [shown] = await topic.iam.getPolicy();
  assert.deepEqual(shown.bindings, policy.bindings);
}
