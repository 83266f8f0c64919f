// What the scenarios share.

/** A topic and a subscription to it, both new. */
export async function pair(client, options = {}, name = "orders") {
  const [topic] = await client.createTopic(name);
  const [subscription] = await topic.createSubscription(`${name}-reader`, options);
  return { topic, subscription };
}

/**
 * Listens until `number` messages came, and returns them in the order they came; `settle` says what is done with each,
 * which is waited for.
 */
export async function receive(subscription, number, settle = (message) => message.ack()) {
  const came = [];
  const settled = [];
  await new Promise((resolve, reject) => {
    subscription.on("error", reject);
    subscription.on("message", (message) => {
      if (came.length === number) return message.nack();
      came.push(message);
      settled.push(settle(message, came.length));
      if (came.length === number) resolve();
    });
  });
  await Promise.all(settled);
  await stop(subscription);
  return came;
}

/** Ends listening; what was settled has reached the server then. */
export async function stop(subscription) {
  // To remove the last listener would close it without a way to wait for that.
  await subscription.close();
  subscription.removeAllListeners("message");
  subscription.removeAllListeners("error");
}

/** The data of messages as texts. */
export const texts = (messages) => messages.map((message) => message.data.toString());

/** Waits for so many milliseconds: only where time itself is what is tested. */
export const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes texts one after the other, and returns their ids. */
export async function publish(topic, texts, options = {}) {
  return Promise.all(texts.map((text) => topic.publishMessage({ data: Buffer.from(text), ...options })));
}

/** Whole numbers from 0. */
export const range = (count) => Array.from({ length: count }, (_, number) => number);
