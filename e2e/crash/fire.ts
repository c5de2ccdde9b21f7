import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { type Child, startChild } from '../../src/embedded/process/child.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { controllersService } from '../../src/embedded/services.ts'
import { eventually, type Stack } from '../support/harness.ts'
import { OPERATOR_NAMESPACE, REGION } from '../support/names.ts'
import { type Crossing, Gate, type Verdict } from './gate.ts'
import { Points } from './points.ts'

const STRIKES = ['kill', 'stop', 'cut'] as const
type Strike = (typeof STRIKES)[number]

/** A process of controllers behind a gate of its own. */
interface Slot {
  readonly gate: Gate
  readonly start: () => Promise<Child>
  child: Child
  /** When it last wrote, and last asked for, the Lease. */
  ledAt: number
  askedAt: number
}

interface FireOptions {
  readonly stack: Pick<Stack, 'kubeconfig'>
  readonly cloudUrl: string
  readonly flags: readonly string[]
  /** Whether to strike at a point. */
  readonly isWanted: (point: string) => boolean
  /** What to do there; the next of all if absent. */
  readonly strike?: Strike
}

/** Two replicas whose every request is known, and which are killed, stopped for longer than the Lease, or cut off in the middle of one. */
export class Fire {
  readonly points = new Points()
  /** Points that were met, and what was done at each that was struck, in this order. */
  readonly met = new Set<string>()
  readonly struck = new Map<string, Strike>()
  readonly #options: FireOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'seca-fire-'))
  readonly #slots: Slot[] = []
  #cloud: Gate | undefined
  #isBusy = true
  /** Strikes under way, which must have ended before the processes do. */
  readonly #under = new Set<Promise<unknown>>()

  constructor(options: FireOptions) {
    this.#options = options
  }

  /** Where the cloud is to be reached through the gate. */
  get cloudUrl(): string {
    return this.#cloud!.url
  }

  async open(): Promise<void> {
    this.#cloud = await Gate.open({
      target: this.#options.cloudUrl,
      onRequest: (crossing) => this.#pass('cloud', this.#leader, crossing, 'before'),
      onAnswer: (crossing) => this.#pass('cloud', this.#leader, crossing, 'after'),
    })
    for (const name of ['a', 'b']) this.#slots.push(await this.#slot(name))
  }

  /** Starts both; resolves when one leads and the other stands by. */
  async start(): Promise<void> {
    for (const slot of this.#slots) slot.child = await slot.start()
    await this.#isWhole()
    this.#isBusy = false
  }

  logs(): string {
    return ['a', 'b'].map((name) => readFileSync(join(this.#folder, `${name}.log`), 'utf8')).join('')
  }

  /** No strike from now on; resolves when those under way are over. */
  async cease(): Promise<void> {
    while (this.#under.size > 0) await Promise.allSettled(this.#under)
    this.#isBusy = true
  }

  async close(): Promise<void> {
    await this.cease()
    for (const { child, gate } of this.#slots) {
      if (child?.isRunning) child.kill('SIGCONT')
      await child?.stop()
      await gate.close()
    }
    await this.#cloud?.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Goes on striking after `cease`. */
  resume(): void {
    this.#isBusy = false
  }

  async #slot(name: string): Promise<Slot> {
    const { cluster, ca } = server(this.#options.stack.kubeconfig)
    const slot: Partial<Slot> & Pick<Slot, 'ledAt' | 'askedAt'> = { ledAt: 0, askedAt: 0 }
    const gate = await Gate.open({
      target: cluster,
      ca,
      onRequest: (crossing) => this.#pass('cluster', slot as Slot, crossing, 'before'),
      onAnswer: async (crossing, status) => {
        if (crossing.path.includes('/leases/')) {
          slot.askedAt = performance.now()
          if (crossing.method !== 'GET' && status < 300) slot.ledAt = performance.now()
        }
        return this.#pass('cluster', slot as Slot, crossing, 'after')
      },
    })
    const kubeconfig = join(this.#folder, `${name}.kubeconfig`)
    writeFileSync(kubeconfig, through(this.#options.stack.kubeconfig, gate.url), { mode: 0o600 })
    const start = async () => {
      slot.askedAt = 0
      const { port } = await freePorts(['port'], {})
      const { child } = controllersService({
        kubeconfig,
        operatorNamespace: OPERATOR_NAMESPACE,
        region: REGION,
        healthPort: port,
        logFile: join(this.#folder, `${name}.log`),
        logLevel: 'info',
        flags: this.#options.flags,
      })
      return startChild(child)
    }
    return Object.assign(slot, { gate, start }) as Slot
  }

  get #leader(): Slot {
    return this.#slots.reduce((one, other) => (other.ledAt > one.ledAt ? other : one))
  }

  async #pass(where: 'cluster' | 'cloud', slot: Slot, crossing: Crossing, moment: 'before' | 'after'): Promise<Verdict> {
    const point = this.points.at(where, moment, crossing)
    if (point === undefined) return 'on'
    this.met.add(point)
    if (this.#isBusy || this.struck.has(point) || !this.#options.isWanted(point)) return 'on'
    const strike = this.#options.strike ?? STRIKES[this.struck.size % STRIKES.length]!
    this.struck.set(point, strike)
    this.#isBusy = true
    const over = Promise.withResolvers<undefined>()
    this.#under.add(over.promise)
    const end = () => {
      this.#isBusy = false
      this.#under.delete(over.promise)
      over.resolve(undefined)
    }
    return { kill: this.#kill, stop: this.#stop, cut: this.#cut }[strike].call(this, slot, end)
  }

  /** The process ends at once; another one is started in its place. */
  async #kill(slot: Slot, end: () => void): Promise<Verdict> {
    slot.child.kill('SIGKILL')
    void slot.child.ended
      .then(async () => {
        slot.child = await slot.start()
        await this.#isWhole()
      })
      .finally(end)
    return 'lost'
  }

  /** The process stands still until another one leads; its request, or the answer, arrives only then. */
  async #stop(slot: Slot, end: () => void): Promise<Verdict> {
    slot.child.kill('SIGSTOP')
    const since = performance.now()
    const isReplaced = () => this.#slots.some((other) => other !== slot && other.ledAt > since)
    await eventually(isReplaced, { timeoutMs: 20_000, everyMs: 20 }).catch(() => undefined)
    void sleep(300).then(async () => {
      slot.child.kill('SIGCONT')
      await this.#isWhole().finally(end)
    })
    return 'on'
  }

  /** Every connection of the process ends, to the cluster and to the cloud. */
  async #cut(slot: Slot, end: () => void): Promise<Verdict> {
    slot.gate.cut()
    this.#cloud!.cut()
    void this.#isWhole().finally(end)
    return 'lost'
  }

  /** Waits until both have asked for the Lease since now, and one of them has it. */
  async #isWhole(): Promise<void> {
    const since = performance.now()
    await eventually(() => this.#slots.every(({ askedAt }) => askedAt > since) && this.#slots.some(({ ledAt }) => ledAt > since), {
      timeoutMs: 60_000,
      everyMs: 20,
    })
  }
}

interface Kubeconfig {
  readonly clusters: { cluster: Record<string, string> }[]
}

/** Address and CA of a kubeconfig with one cluster. */
function server(path: string): { cluster: string; ca: Buffer } {
  const { cluster } = (parse(readFileSync(path, 'utf8')) as Kubeconfig).clusters[0]!
  const data = cluster['certificate-authority-data']
  const ca = data === undefined ? readFileSync(cluster['certificate-authority']!) : Buffer.from(data, 'base64')
  return { cluster: cluster['server']!, ca }
}

/** The same kubeconfig with a gate in the server's place. */
function through(path: string, url: string): string {
  const config = parse(readFileSync(path, 'utf8')) as Kubeconfig
  config.clusters[0]!.cluster = { server: url }
  return stringify(config)
}
