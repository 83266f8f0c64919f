// What the tests ask kafkajs to do: `node actions.cjs ACTION` reads its arguments as JSON from standard input and
// prints its answer as JSON. Bytes travel as base64. An error ends it with 1 and `TYPE: message` on standard error.
'use strict'

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = require('kafkajs')
CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')

const CODECS = { none: CompressionTypes.None, gzip: CompressionTypes.GZIP, snappy: CompressionTypes.Snappy }
// A consumer that leaves waits for its open fetch; one that is told of a rebalance hears of it with its next heartbeat.
const BRISK = { maxWaitTimeInMs: 100, heartbeatInterval: 300, sessionTimeout: 10000 }
const bytes = (text) => (text === null ? null : Buffer.from(text, 'base64'))
const text = (data) => (data === null || data === undefined ? null : data.toString('base64'))

/** Runs `use` with a connected client and always disconnects it. */
async function using(client, use) {
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.disconnect()
  }
}

/** kafkajs keeps headers in an object: repeated names become a list. */
function headersToObject(headers) {
  const object = {}
  for (const [name, value] of headers) {
    object[name] = name in object ? [].concat(object[name], bytes(value)) : bytes(value)
  }
  return object
}

function headersToList(headers) {
  return Object.entries(headers || {}).flatMap(([name, value]) =>
    Array.isArray(value) ? value.map((each) => [name, text(each)]) : [[name, text(value)]])
}

/** Reads until `count` records came; returns them in the order they came. */
async function consume(kafka, { topic, group, count, config = {}, commit = true }) {
  const consumer = kafka.consumer({ groupId: group, ...BRISK, ...config })
  return using(consumer, async () => {
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const records = []
    await new Promise((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
      consumer.run({
        autoCommit: commit,
        eachBatch: async ({ batch }) => {
          for (const message of batch.messages) {
            records.push({ partition: batch.partition, ...message })
          }
          if (records.length >= count) resolve()
        },
      }).catch(reject)
    })
    return records
  })
}

const actions = {
  async produce(kafka, { topic, records, codec = 'none', config = {} }) {
    const messages = records.map((r) => ({
      key: bytes(r.key), value: bytes(r.value), headers: headersToObject(r.headers), partition: r.partition,
      ...(r.timestamp === null ? {} : { timestamp: String(r.timestamp) }),
    }))
    return using(kafka.producer(config), (producer) => producer.send({ topic, messages, compression: CODECS[codec] }))
  },

  async consume(kafka, options) {
    const found = await consume(kafka, options)
    return found.map((m) => ({
      partition: m.partition, offset: Number(m.offset), timestamp: Number(m.timestamp), key: text(m.key),
      value: text(m.value), headers: headersToList(m.headers),
    }))
  },

  /** Sends numbered messages of 200 bytes and reads them back: [[partition, number], ...]. */
  async volume(kafka, { topic, group, count }) {
    await using(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }), async (producer) => {
      for (let start = 0; start < count; start += 5000) {
        const messages = []
        for (let i = start; i < Math.min(count, start + 5000); i++) {
          messages.push({ key: String(i % 97), value: String(i).padStart(12, '0') + '.'.repeat(188) })
        }
        await producer.send({ topic, messages })
      }
    })
    const config = { maxBytesPerPartition: 5000000, maxBytes: 20000000 }
    const found = await consume(kafka, { topic, group, count, config })
    return found.map((m) => [m.partition, m.value.length === 200 ? Number(m.value.toString('latin1', 0, 12)) : -1])
  },

  /** Two members share a topic; then one leaves. Returns their shares before and after. */
  async rebalance(kafka, { topic, group }) {
    const members = [0, 1].map(() => kafka.consumer({ groupId: group, ...BRISK }))
    const shares = [0, 0]
    const changed = new Set()
    const until = (condition) => new Promise((resolve) => {
      const check = () => condition() && (changed.delete(check), resolve())
      changed.add(check)
      check()
    })
    for (const [i, member] of members.entries()) {
      member.on(member.events.GROUP_JOIN, ({ payload }) => {
        shares[i] = (payload.memberAssignment[topic] || []).length
        for (const check of [...changed]) check()
      })
      await member.connect()
      await member.subscribe({ topics: [topic] })
      await member.run({ eachMessage: async () => {} })
    }
    await until(() => shares[0] === 2 && shares[1] === 2)
    const before = [...shares]
    await members[1].disconnect()
    await until(() => shares[0] === 4)
    await members[0].disconnect()
    return { before, after: shares[0] }
  },

  /** Commits one transaction with records and offsets, and aborts another. */
  async transactions(kafka, { source, sink, group, id }) {
    const producer = kafka.producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 })
    return using(producer, async () => {
      for (const [value, offset, end] of [['no', '3', 'abort'], ['yes', '7', 'commit']]) {
        const transaction = await producer.transaction()
        await transaction.send({ topic: sink, messages: [{ value }] })
        await transaction.sendOffsets({
          consumerGroupId: group, topics: [{ topic: source, partitions: [{ partition: 0, offset }] }],
        })
        await transaction[end]()
      }
    })
  },

  /** Calls methods of the admin client one after the other; answers with what the last one said. */
  async admin(kafka, { calls }) {
    return using(kafka.admin(), async (admin) => {
      let answer
      for (const [method, argument] of calls) answer = await admin[method](argument)
      return answer
    })
  },
}

async function main() {
  let input = ''
  for await (const chunk of process.stdin) input += chunk
  const { brokers, sasl, ...options } = JSON.parse(input)
  const kafka = new Kafka({
    brokers, sasl, clientId: 'kafkajs', logLevel: logLevel.NOTHING, retry: { initialRetryTime: 100, retries: 8 },
  })
  const answer = await actions[process.argv[2]](kafka, options)
  process.stdout.write(JSON.stringify(answer === undefined ? null : answer))
}

main().catch((error) => {
  for (const each of [error, ...(error.errors || [])]) {
    process.stderr.write(`${each.type || each.name}: ${each.message}\n`)
  }
  process.exitCode = 1
})
