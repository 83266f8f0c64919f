// Runs one scenario with @google-cloud/pubsub: run.mjs SCENARIO PROJECT, or run.mjs --list for their names as JSON.
// PUBSUB_EMULATOR_HOST says where the server is, PUBSUB_JS where the client is installed.
import { createRequire } from "node:module";

import * as admin from "./admin.mjs";
import * as publishing from "./publishing.mjs";
import * as schemas from "./schemas.mjs";
import * as seeking from "./seeking.mjs";
import * as settling from "./settling.mjs";
import * as subscribing from "./subscribing.mjs";

const scenarios = { ...admin, ...publishing, ...schemas, ...seeking, ...settling, ...subscribing };
const [name, projectId] = process.argv.slice(2);

if (name === "--list") {
  console.log(JSON.stringify(Object.keys(scenarios)));
} else {
  const library = createRequire(`${process.env.PUBSUB_JS}/package.json`)("@google-cloud/pubsub");
  const client = new library.PubSub({ projectId });
  await scenarios[name](client, library);
  await client.close();
  // The client leaves timers behind.
  process.exit(0);
}
