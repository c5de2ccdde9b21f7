import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { createProgress, duration } from '../../src/cli/progress.ts'
import { table } from './report.ts'
import { measureScale, scaleFigures } from './scale.ts'
import { measureThroughput, throughputFigures } from './throughput.ts'
import { CONCURRENCY } from './volumes.ts'
import { createWorld } from './world.ts'

const OPTIONS = {
  resources: { type: 'string', default: '10000' },
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  profile: { type: 'string' },
  'log-level': { type: 'string', default: 'warn' },
} as const

const { values } = parseArgs({ options: OPTIONS })
const resources = Number(values.resources)
const out = '.seca/bench.json'
const progress = createProgress()
const log = (line: string) => progress.line(line)
const start = performance.now()
const wants = (part: string) => values.only === undefined || values.only === part

log('starting a control plane and a simulated cloud')
const world = await createWorld({ profileDir: values.profile, logLevel: values['log-level'], log })
const interrupted = Promise.withResolvers<never>()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.reject(new Error(signal)))

async function measure() {
  const throughput = wants('throughput') ? await measureThroughput(world, values.quick ? 200 : 500, values.quick ? 1 : 5, log) : undefined
  const scale = wants('scale') ? await measureScale(world, { resources, idleMs: values.quick ? 20_000 : 65_000, log }) : undefined
  return { throughput, scale }
}

try {
  const { throughput, scale } = await Promise.race([measure(), interrupted.promise])
  const figures = [...(throughput ? throughputFigures(throughput) : []), ...(scale ? scaleFigures(scale) : [])]
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
  console.log(`\n${table(figures)}\n`)
  console.log(
    `${machine}. etcd without fsync, kube-apiserver, simulated cloud (no latency), controllers and this client share the machine;`,
  )
  console.log(`${CONCURRENCY} requests at a time, ${CONCURRENCY} workers (the default). Took ${duration(performance.now() - start)}.`)
  mkdirSync('.seca', { recursive: true })
  const plain = (_key: string, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)
  writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, figures, throughput, scale }, plain, 2)}\n`)
  console.log(`Also in ${out}.`)
} finally {
  await world.stop()
}
