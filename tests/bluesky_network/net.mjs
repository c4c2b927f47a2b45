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

// POST /settle answers when the AppView has indexed all that the PDS was told so far, counts included.
const control = http.createServer(async (request, response) => {
  try {
    if (request.method === 'POST') await net.processAll(300_000)
    response.end('settled\n')
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
