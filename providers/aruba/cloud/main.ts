import { parseArgs } from 'node:util'
import { type CharacterName, switchesOf } from './switches.ts'
import { startArubaCloud } from './server.ts'

/** The stand-in in a process of its own, until a signal. Its first line says where it listens. */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    latency: { type: 'string', default: '200' },
    character: { type: 'string', default: 'neat' },
    'state-dir': { type: 'string' },
  },
})
const { SECA_ARUBA_SECRET: token = 'secret', SECA_ARUBA_ADMIN_TOKEN: adminToken = 'admin' } = process.env
const stateDir = values['state-dir']
const cloud = await startArubaCloud({
  port: Number(values.port),
  latencyMs: Number(values.latency),
  token,
  adminToken,
  switches: switchesOf(values.character.split(',') as CharacterName[]),
  ...(stateDir === undefined ? {} : { stateDir }),
})
process.stdout.write(`${JSON.stringify({ url: cloud.url })}\n`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cloud.stop().then(() => process.exit(0)))
