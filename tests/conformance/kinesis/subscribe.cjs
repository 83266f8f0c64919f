// The AWS SDK for JavaScript 3: node subscribe.cjs MODULES ENDPOINT STREAM; prints what it found as one JSON document.
const path = require("node:path");

const [modules, endpoint, stream] = process.argv.slice(2);
const sdk = require(path.join(path.resolve(modules), "node_modules", "@aws-sdk", "client-kinesis"));

async function main() {
  const credentials = { accessKeyId: "test", secretAccessKey: "test" };
  const client = new sdk.KinesisClient({ endpoint, region: "us-east-1", credentials });
  const run = (command, input) => client.send(new sdk[`${command}Command`](input));
  await run("CreateStream", { StreamName: stream, ShardCount: 1 });
  await sdk.waitUntilStreamExists({ client, maxWaitTime: 60 }, { StreamName: stream });
  const { StreamDescription } = await run("DescribeStream", { StreamName: stream });
  const StreamARN = StreamDescription.StreamARN;
  const { Consumer } = await run("RegisterStreamConsumer", { StreamARN, ConsumerName: "js" });
  for (;;) {
    const { ConsumerDescription } = await run("DescribeStreamConsumer", { ConsumerARN: Consumer.ConsumerARN });
    if (ConsumerDescription.ConsumerStatus === "ACTIVE") break;
    await new Promise((done) => setTimeout(done, 50));
  }
  const Records = Array.from({ length: 10 }, (_, number) => ({ Data: Uint8Array.of(number, 255), PartitionKey: "k" }));
  await run("PutRecords", { StreamName: stream, Records });
  const { EventStream } = await run("SubscribeToShard", {
    ConsumerARN: Consumer.ConsumerARN,
    ShardId: "shardId-000000000000",
    StartingPosition: { Type: "TRIM_HORIZON" },
  });
  const found = [];
  let pushed = false;
  let children = [];
  for await (const { SubscribeToShardEvent: event } of EventStream) {
    found.push(...event.Records.map((record) => Array.from(record.Data)));
    if (found.length === 10 && !pushed) {
      pushed = true;
      await run("PutRecord", { StreamName: stream, Data: Uint8Array.of(99), PartitionKey: "k" });
    } else if (found.length === 11) {
      await run("SplitShard", {
        StreamName: stream,
        ShardToSplit: "shardId-000000000000",
        NewStartingHashKey: String(2n ** 127n),
      });
      found.push([]);
    }
    children = (event.ChildShards ?? []).map((child) => child.ShardId);
  }
  console.log(JSON.stringify({ found: found.filter((data) => data.length), children }));
  process.exit(0);
}

main();
