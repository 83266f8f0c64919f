// Serves kinesalite on a free port of the loopback, and says where, as our emulators do: node kinesalite_server.cjs DIR
const path = require("node:path");

const kinesalite = require(path.join(path.resolve(process.argv[2]), "node_modules", "kinesalite"));
const quick = { createStreamMs: 0, deleteStreamMs: 0, updateStreamMs: 0, shardLimit: 1000 };
const server = kinesalite(quick);
server.listen(0, "127.0.0.1", () => console.error(`kinesalite 127.0.0.1:${server.address().port} ready`));
