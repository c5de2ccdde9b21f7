import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { createProgress, duration } from '../../src/cli/progress.ts'
import { startClient } from './api-load.ts'
import { measureApi } from './api-measure.ts'
import { measureMemory, memoryFigures } from './api-memory.ts'
import { burstFigures, measureBurst } from './burst.ts'
import { apiFigures, detailTable } from './api-report.ts'
import { AIMS, hostileTable, measureHostile, verdicts } from './hostile.ts'
import { startApi } from './api-world.ts'
import { table } from './report.ts'
import { createWorld } from './world.ts'

/** `npm run bench:api`: the SECA API beside kube-apiserver, with the same objects, client and machine. */
const OPTIONS = {
  rounds: { type: 'string', default: '3' },
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  attack: { type: 'string' },
  objects: { type: 'string', default: '10000' },
  http2: { type: 'boolean', default: false },
  profile: { type: 'string' },
  'log-level': { type: 'string', default: 'warn' },
} as const

const { values } = parseArgs({ options: OPTIONS })
const out = '.seca/bench-api.json'
const progress = createProgress()
const log = (line: string) => progress.line(line)
const start = performance.now()

log('starting a control plane and a simulated cloud')
const common = { profileDir: values.profile, logLevel: values['log-level'] }
const world = await createWorld({ ...common, log })
const interrupted = Promise.withResolvers<never>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.reject(new Error(signal)))

/** One client that is faster than any caller should be. */
const UNLIMITED = ['--caller-requests-per-second=1000000', '--caller-burst=1000000', '--caller-concurrency=10000']

async function measure() {
  const api = await startApi(world, { ...common, http2: values.http2, flags: UNLIMITED })
  const client = startClient()
  try {
    return await measureApi(world, api, client, {
      rounds: values.quick ? 1 : Number(values.rounds),
      ms: values.quick ? 1_500 : 4_000,
      concurrencies: [1, 8, 32],
      only: values.only,
      log,
    })
  } finally {
    client.stop()
    await api.stop()
  }
}

/** With the limits that an installation has by default. */
async function attack(): Promise<void> {
  const api = await startApi(world, { ...common, http2: false })
  try {
    const options = { rounds: values.quick ? 1 : Number(values.rounds), ms: values.quick ? 4_000 : 10_000, only: values.attack, log }
    const rows = await Promise.race([measureHostile(world, api, options), interrupted.promise])
    const missed = verdicts(rows).filter(({ met }) => !met)
    console.log(`\n${hostileTable(rows)}\n`)
    console.log(
      `Aim: p99 raised by less than ${AIMS.p99} ms, /livez never over ${AIMS.live} ms. Medians of the rounds; /livez is the longest of all.`,
    )
    console.log(
      `${missed.length === 0 ? 'Met by all.' : `Missed: ${missed.map(({ name, by }) => `${name} (${by})`).join(', ')}.`} Took ${duration(performance.now() - start)}.`,
    )
    mkdirSync('.seca', { recursive: true })
    writeFileSync('.seca/bench-hostile.json', `${JSON.stringify({ at: new Date().toISOString(), rows }, undefined, 2)}\n`)
    if (missed.length > 0) process.exitCode = 1
  } finally {
    await api.stop()
  }
}

/** Creating PUTs beside controllers at work. */
async function burst(): Promise<void> {
  const api = await startApi(world, { ...common, http2: values.http2, flags: UNLIMITED })
  const client = startClient()
  try {
    const options = { rounds: values.quick ? 1 : Number(values.rounds), ms: values.quick ? 3_000 : 6_000, log }
    const figures = await Promise.race([measureBurst(world, api, client, options), interrupted.promise])
    console.log(`\n${table(burstFigures(figures))}\n`)
    console.log(`Medians of the rounds. Took ${duration(performance.now() - start)}.`)
    mkdirSync('.seca', { recursive: true })
    writeFileSync('.seca/bench-burst.json', `${JSON.stringify({ at: new Date().toISOString(), ...figures }, undefined, 2)}\n`)
  } finally {
    client.stop()
    await api.stop()
  }
}

/** What an API needs that holds so many volumes. */
async function memory(): Promise<void> {
  const options = { objects: Number(values.objects), startApi: () => startApi(world, { ...common, http2: false }), log }
  const figures = await Promise.race([measureMemory(world, options), interrupted.promise])
  console.log(`\n${table(memoryFigures(figures))}\n\nTook ${duration(performance.now() - start)}.`)
  mkdirSync('.seca', { recursive: true })
  writeFileSync('.seca/bench-memory.json', `${JSON.stringify({ at: new Date().toISOString(), figures }, undefined, 2)}\n`)
}

async function compare(): Promise<void> {
  const figures = await Promise.race([measure(), interrupted.promise])
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
  console.log(`\n${detailTable(figures)}\n`)
  for (const [name, { raw, other }] of Object.entries(figures.labels))
    console.log(`${name}: kube-apiserver ${raw}${other === undefined ? '' : `, kube-apiserver* ${other}`}.`)
  console.log(`\n${table(apiFigures(figures))}\n`)
  console.log(
    `${machine}; HTTP/${values.http2 ? '2' : '1.1'} over TLS, kept connections. etcd without fsync, kube-apiserver, API and client share the machine.`,
  )
  console.log(`Medians of the rounds; ratios are those of each round. Took ${duration(performance.now() - start)}.`)
  mkdirSync('.seca', { recursive: true })
  writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, ...figures }, undefined, 2)}\n`)
  console.log(`Also in ${out}.`)
  if (figures.touched.apiserver > 0 || figures.touched.own > 0) process.exitCode = 1
}

try {
  const only: Readonly<Record<string, () => Promise<void>>> = { HOSTILE: attack, BURST: burst, MEMORY: memory }
  await (only[values.only ?? ''] ?? compare)()
} finally {
  await world.stop()
}
