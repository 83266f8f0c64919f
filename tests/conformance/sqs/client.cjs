// The AWS SDK for JavaScript 3, driven line by line: node client.cjs MODULES ENDPOINT REGION
//
// A line of standard input is `{"id", "operation", "input"}`, and `"pageSize"` where all pages are wanted; the answers,
// `{"id", "output"}` or `{"id", "error"}`, come in the order in which the requests end. Bytes are `{"base64"}`.
const path = require("node:path");
const readline = require("node:readline");

const [modules, endpoint, region] = process.argv.slice(2);
const sdk = require(path.join(path.resolve(modules), "node_modules", "@aws-sdk", "client-sqs"));

const credentials = { accessKeyId: "test", secretAccessKey: "test" };
// One attempt, so that every error is seen.
const client = new sdk.SQSClient({ endpoint, region, credentials, maxAttempts: 1 });

const ofJson = (_, value) => (typeof value?.base64 === "string" ? Buffer.from(value.base64, "base64") : value);
const toJson = (_, value) => (value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : value);

async function allPages(operation, input, pageSize) {
  const pages = [];
  for await (const { $metadata, ...page } of sdk[`paginate${operation}`]({ client, pageSize }, input)) pages.push(page);
  return pages;
}

async function once(operation, input) {
  const { $metadata, ...output } = await client.send(new sdk[`${operation}Command`](input));
  return output;
}

// An error that the SDK has a class for has to be of that class.
function described(error) {
  const known = sdk[error.name];
  const isTyped = known === undefined || error instanceof known;
  const isOfService = error instanceof sdk.SQSServiceException;
  return {
    code: isTyped ? error.name : `${error.name}, of the class ${error.constructor.name}`,
    message: error.message,
    status: isOfService ? error.$metadata.httpStatusCode : null,
  };
}

async function answer(line) {
  const { id, operation, input, pageSize } = JSON.parse(line, ofJson);
  let found;
  try {
    found = { output: pageSize ? await allPages(operation, input, pageSize) : await once(operation, input) };
  } catch (error) {
    found = { error: described(error) };
  }
  process.stdout.write(`${JSON.stringify({ id, ...found }, toJson)}\n`);
}

readline.createInterface({ input: process.stdin }).on("line", answer).on("close", () => process.exit(0));
