import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { createProgress, duration } from '../../src/cli/progress.ts'
import { besideDetail, besideTable, measureBeside } from './openstack-beside.ts'
import { driftDetail, driftFigures, measureDrift } from './openstack-drift.ts'
import { livesDetail, livesTable, measureLives } from './openstack-life.ts'
import { createOpenStackWorld } from './openstack-world.ts'
import { table } from './report.ts'

/** `npm run bench:openstack`: what the adapter of OpenStack asks of it, and how fast it is beside openstacksdk. */
const OPTIONS = {
  objects: { type: 'string', default: '1000' },
  machines: { type: 'string', default: '20' },
  rounds: { type: 'string', default: '3' },
  watch: { type: 'string', default: '0' },
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  profile: { type: 'string' },
  'log-level': { type: 'string', default: 'warn' },
} as const

const { values } = parseArgs({ options: OPTIONS })
const out = '.seca/bench-openstack.json'
const progress = createProgress()
const log = (line: string) => progress.line(line)
const start = performance.now()
const wants = (part: string) => values.only === undefined || values.only === part

const stop = new AbortController()
const interrupted = Promise.withResolvers<never>()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort()
    interrupted.reject(new Error(signal))
  })
interrupted.promise.catch(() => undefined)

log('starting a control plane and OpenStack')
const world = await createOpenStackWorld({ profileDir: values.profile, logLevel: values['log-level'], log }, stop.signal)

async function measure(): Promise<object> {
  const found: Record<string, unknown> = {}
  if (wants('life')) {
    const controllers = await world.startControllers(['--drift-interval=24h'])
    const lives = await measureLives(world, log)
    await controllers.stop()
    console.log(`\n${livesTable(lives)}\n`)
    found['lives'] = livesDetail(lives)
  }
  if (wants('beside')) {
    const [machines, rounds] = values.quick ? [Math.min(6, Number(values.machines)), 1] : [Number(values.machines), Number(values.rounds)]
    const beside = await measureBeside(world, { machines, rounds, log })
    console.log(`\n${besideTable(beside)}\n`)
    found['beside'] = besideDetail(beside)
  }
  if (wants('drift')) {
    const objects = values.quick ? Math.min(200, Number(values.objects)) : Number(values.objects)
    const drift = await measureDrift(world, { objects, intervals: values.quick ? 2 : 6, watchMs: Number(values.watch), log })
    console.log(`\n${table(driftFigures(drift))}\n`)
    found['drift'] = driftDetail(drift)
  }
  return found
}

try {
  const found = await Promise.race([measure(), interrupted.promise])
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`
  console.log(`${machine}. Took ${duration(performance.now() - start)}.`)
  mkdirSync('.seca', { recursive: true })
  writeFileSync(out, `${JSON.stringify({ at: new Date().toISOString(), machine, ...found }, undefined, 2)}\n`)
  console.log(`Also in ${out}.`)
} finally {
  await world.stop()
}
