import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Progress } from '../../../src/cli/progress.ts'
import { freePorts } from '../../../src/embedded/cluster/ports.ts'
import type { Child } from '../../../src/embedded/process/child.ts'
import { waitForLock } from '../../../src/embedded/process/lock.ts'
import type { User } from '../api.ts'
import { PASSWORD, type Place, type Ports, REGION_NAME, type ServiceName, SERVICES, urlOf, writeConfigs } from './config.ts'
import { discoverHosts, environment, migrate, startProgram, untilReady } from './programs.ts'
import { CATALOG, seedIdentity, seedResources } from './seed.ts'
import { command, findVenv, PYTHON } from './venv.ts'

interface Options {
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
  /** Where everything is kept; absent: a new one that goes when it stops. */
  readonly folder?: string
  /** Ports that the catalogue names to users instead of the services' own: of somebody in front of them. */
  readonly announced?: Ports
}

/** A running OpenStack with fake hypervisor, volumes and networks, on loopback. */
export interface OpenStack {
  readonly region: string
  readonly folder: string
  readonly ports: Ports
  /** A member of project demo, and an administrator. */
  readonly demo: User
  readonly admin: User
  kill(name: ServiceName, signal?: NodeJS.Signals): Promise<void>
  restart(name: ServiceName): Promise<void>
  stop(): Promise<void>
}

/** Starts OpenStack, with databases that were made once and are copied. */
export async function startOpenStack({ progress, signal, folder: kept, announced }: Options): Promise<OpenStack> {
  const venv = await findVenv({ progress, signal })
  const template = await findTemplate(venv, progress, signal)
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'seca-openstack-'))
  const isNew = !existsSync(join(folder, 'ports.json'))
  const before = isNew ? template : folder
  const last = isNew ? {} : portsIn(folder)
  const ports = await freePorts(SERVICES, last)
  const place = { folder, venv, ports }
  writeConfigs(place)
  if (isNew) cpSync(join(template, 'db'), join(folder, 'db'), { recursive: true })
  const shown = announced ?? ports
  const moved = CATALOG.flatMap(([type, name, path]) => [type, urlOf(ports, name) + path, urlOf(shown, name) + path])
  await command(join(venv, 'bin', 'python'), [join(PYTHON, 'move.py'), join(folder, 'db'), join(before, 'db'), ...moved], signal)
  writeFileSync(join(folder, 'ports.json'), JSON.stringify(ports))
  const step = progress.step('starting OpenStack')
  const services = await startAll(place, signal, (names) => step.update(names)).catch((error: unknown) => {
    step.fail()
    throw error
  })
  step.done()
  const user = (username: string): User => ({ authUrl: `${urlOf(shown, 'keystone')}/v3`, username, password: PASSWORD, project: username })
  const end = async (name: ServiceName, how: (child: Child) => Promise<unknown>) => {
    const child = services.get(name)
    if (child !== undefined) await how(child)
    services.delete(name)
  }
  return {
    region: REGION_NAME,
    folder,
    ports,
    demo: user('demo'),
    admin: user('admin'),
    async kill(name, with_ = 'SIGKILL') {
      await end(name, (child) => (child.kill(with_), child.ended))
    },
    async restart(name) {
      await end(name, (child) => child.stop())
      const child = await startProgram(name, place)
      services.set(name, child)
      await untilReady(child, place, signal)
    },
    async stop() {
      await Promise.all([...services.keys()].map((name) => end(name, (child) => child.stop())))
      if (kept === undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}

const portsIn = (folder: string) => JSON.parse(readFileSync(join(folder, 'ports.json'), 'utf8')) as Ports

/** All services at once, Keystone first; none is left when one does not come up. */
async function startAll(place: Place, signal: AbortSignal | undefined, tell: (waiting: string) => void): Promise<Map<ServiceName, Child>> {
  const running = new Map<ServiceName, Child>()
  const waiting = new Set<ServiceName>(SERVICES)
  try {
    for (const name of SERVICES) running.set(name, await startProgram(name, place))
    await Promise.all(
      [...running].map(async ([name, child]) => {
        await untilReady(child, place, signal)
        waiting.delete(name)
        tell(`waiting for ${[...waiting].join(', ')}`)
      }),
    )
    return running
  } catch (error) {
    await Promise.all([...running.values()].map((child) => child.stop()))
    throw error
  }
}

/** Of everything that decides what is in the databases. */
function stamp(): string {
  const files = [
    ...readdirSync(PYTHON, { recursive: true, encoding: 'utf8' }).map((name) => join(PYTHON, name)),
    ...['seed', 'config', 'programs'].map((name) => join(import.meta.dirname, `${name}.ts`)),
  ]
  const hash = createHash('sha256')
  for (const file of files.toSorted()) if (statSync(file).isFile() && !file.endsWith('.pyc')) hash.update(readFileSync(file))
  return hash.digest('hex').slice(0, 16)
}

/** Folder with migrated and seeded databases, made once and kept beside the virtual environment. */
export async function findTemplate(venv: string, progress: Progress, signal: AbortSignal | undefined): Promise<string> {
  const template = join(venv, `template-${stamp()}`)
  const isDone = () => existsSync(join(template, 'done'))
  if (isDone()) return template
  const lock = await waitForLock(
    `${template}.lock`,
    (pid) => progress.line(`waiting for process ${pid}, which makes OpenStack's databases`),
    signal,
  )
  try {
    if (isDone()) return template
    rmSync(template, { recursive: true, force: true })
    mkdirSync(join(template, 'db', 'images'), { recursive: true })
    mkdirSync(join(template, 'db', 'fernet'))
    const place = { folder: template, venv, ports: await freePorts(SERVICES, {}) }
    writeConfigs(place)
    const step = progress.step("making OpenStack's databases")
    try {
      await migrate(place, signal)
      await command(
        join(venv, 'bin', 'python'),
        [join(PYTHON, 'move.py'), join(template, 'db'), join(template, 'db')],
        signal,
        environment(place),
      )
      step.update('filling them')
      await fill(place, signal)
    } catch (error) {
      step.fail()
      throw error
    }
    writeFileSync(join(template, 'done'), '')
    step.done()
    return template
  } finally {
    lock.release()
  }
}

async function fill(place: Place, signal: AbortSignal | undefined): Promise<void> {
  const running: Child[] = []
  const start = async (...names: ServiceName[]) => {
    const started = await Promise.all(names.map((name) => startProgram(name, place)))
    running.push(...started)
    await Promise.all(started.map((child) => untilReady(child, place, signal)))
  }
  try {
    await start('keystone')
    await seedIdentity(place.ports)
    await start('glance', 'placement', 'nova', 'neutron', 'cinder')
    await discoverHosts(place, signal)
    await seedResources(place.ports)
  } finally {
    await Promise.all(running.map((child) => child.stop()))
  }
}
