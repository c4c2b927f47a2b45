// The whole Bluesky network in one process: PLC directory, PDS, AppView (and its moderation service).
// Writes their addresses as JSON to the file that ADDRESSES_TO names when all are up.
import fs from 'node:fs'
import http from 'node:http'
import { TestNetwork } from '@atproto/dev-env'

const net = await TestNetwork.create({
  dbPostgresSchema: 'headcount',
  // The public AppView cuts a thread at a depth of its own, whatever depth is asked for; without this there is no cut.
  bsky: { maxThreadDepth: 10 },
})

// The AppView counts anew after each record, many counts at once; where two of one account overlap, the older may be
// stored last and stay. One at a time, the counters are those of what was written.
net.bsky.sub.background.queue.concurrency = 1

const asked = {
  // Answers when the AppView has indexed all that the PDS was told so far, counts included.
  '/settle': () => net.processAll(300_000),
  // No call of the PDS gives an account a handle that does not lead back to it; in the world, domains run out.
  '/lose-handle': async (did) => {
    const { plcClient, plcRotationKey, sequencer } = net.pds.ctx
    const handle = `lost-${did.slice(-8)}.test`
    await plcClient.updateHandle(did, plcRotationKey, handle)
    await sequencer.sequenceIdentity(did, handle)
  },
}
const control = http.createServer(async (request, response) => {
  try {
    const { pathname, search } = new URL(request.url, 'http://control')
    await asked[pathname](search.slice(1))
    response.end('done\n')
  } catch (error) {
    response.statusCode = 500
    response.end(`${error}\n`)
  }
})
await new Promise((done) => control.listen(0, '127.0.0.1', done))

const addresses = {
  pds: net.pds.url,
  appview: net.bsky.url,
  plc: net.plc.url,
  control: `http://127.0.0.1:${control.address().port}`,
}
fs.writeFileSync(`${process.env.ADDRESSES_TO}.part`, JSON.stringify(addresses))
fs.renameSync(`${process.env.ADDRESSES_TO}.part`, process.env.ADDRESSES_TO)
