// Sends and receives with @azure/event-hubs: client.mjs CONNECTION_STRING HUB COUNT [websocket]. Prints what it saw, as JSON.
import { createRequire } from "node:module";

const require = createRequire(process.env.AZURE_JS + "/package.json");
const { EventHubProducerClient, EventHubConsumerClient, earliestEventPosition } = require("@azure/event-hubs");
const [connection, hub, count, transport] = process.argv.slice(2);
const options = transport === "websocket" ? { webSocketOptions: { webSocket: require("ws") } } : {};

const producer = new EventHubProducerClient(connection, hub, options);
const about = await producer.getEventHubProperties();
const batch = await producer.createBatch({ partitionKey: "key" });
for (let number = 0; number < Number(count); number++) {
  batch.tryAdd({ body: { number }, properties: { parity: number % 2 === 0 ? "even" : "odd" } });
}
await producer.sendBatch(batch);

const consumer = new EventHubConsumerClient("$Default", connection, hub, options);
const seen = [];
await new Promise((resolve, reject) => {
  const subscription = consumer.subscribe(
    {
      processEvents: async (events) => {
        seen.push(...events);
        if (seen.length >= Number(count)) {
          await subscription.close();
          resolve();
        }
      },
      processError: async (error) => reject(error),
    },
    { startPosition: earliestEventPosition },
  );
});
const state = await consumer.getPartitionProperties("0");
await consumer.close();
await producer.close();
console.log(
  JSON.stringify({
    partitions: about.partitionIds,
    numbers: seen.map((event) => event.body.number),
    parities: seen.map((event) => event.properties.parity),
    keys: [...new Set(seen.map((event) => event.partitionKey))],
    sequenceNumbers: seen.map((event) => event.sequenceNumber),
    last: state.lastEnqueuedSequenceNumber,
  }),
);
