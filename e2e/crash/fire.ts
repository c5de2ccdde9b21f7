import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, type Stack } from '../support/harness.ts'
import { type Crossing, Gate, type Verdict } from './gate.ts'
import { type NameOf, Points } from './points.ts'
import { openSlot, type Slot } from './slot.ts'

const STRIKES = ['kill', 'stop', 'cut'] as const
type Strike = (typeof STRIKES)[number]
const NAMES = ['a', 'b']

interface FireOptions {
  readonly stack: Pick<Stack, 'kubeconfig'>
  /** Origins of the cloud's servers; of one that is not known yet, {@link Fire.gates} leads there later. */
  readonly cloud: readonly (string | undefined)[]
  /** Names a request to the cloud. */
  readonly nameOf?: NameOf
  /** Told of everything that the cloud answered. */
  readonly onAnswer?: (crossing: Crossing, status: number) => void
  readonly flags: readonly string[]
  /** Whether to strike at a point. */
  readonly isWanted: (point: string) => boolean
  /** What to do there; the next of all if absent. */
  readonly strike?: Strike
}

/** Two replicas whose every request is known, and which are killed, stopped for longer than the Lease, or cut off in the middle of one. */
export class Fire {
  readonly points: Points
  /** Points that were met, and what was done at each that was struck, in this order. */
  readonly met = new Set<string>()
  readonly struck = new Map<string, Strike>()
  readonly #options: FireOptions
  readonly #folder = mkdtempSync(join(tmpdir(), 'seca-fire-'))
  readonly #slots: Slot[] = []
  /** In front of the cloud's servers, in their order. */
  readonly gates: Gate[] = []
  #isBusy = true
  /** Strikes under way, which must have ended before the processes do. */
  readonly #under = new Set<Promise<unknown>>()

  constructor(options: FireOptions) {
    this.#options = options
    this.points = new Points(options.nameOf)
  }

  async open(): Promise<void> {
    for (const target of this.#options.cloud)
      this.gates.push(
        await Gate.open({
          ...(target === undefined ? {} : { target }),
          onRequest: (crossing) => this.#pass('cloud', this.#leader, crossing, 'before'),
          onAnswer: (crossing, status) => {
            this.#options.onAnswer?.(crossing, status)
            return this.#pass('cloud', this.#leader, crossing, 'after')
          },
        }),
      )
    for (const name of NAMES) {
      const slot: Slot = await openSlot(name, {
        folder: this.#folder,
        kubeconfig: this.#options.stack.kubeconfig,
        flags: this.#options.flags,
        pass: (crossing, moment) => this.#pass('cluster', slot, crossing, moment),
      })
      this.#slots.push(slot)
    }
  }

  /** Starts both; resolves when one leads and the other stands by. */
  async start(): Promise<void> {
    for (const slot of this.#slots) slot.child = await slot.start()
    await this.#isWhole()
    this.#isBusy = false
  }

  logs(): string {
    return NAMES.map((name) => readFileSync(join(this.#folder, `${name}.log`), 'utf8')).join('')
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
    for (const gate of this.gates) await gate.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Goes on striking after `cease`. */
  resume(): void {
    this.#isBusy = false
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
    slot.child?.kill('SIGKILL')
    void Promise.resolve(slot.child?.ended)
      .then(async () => {
        slot.child = await slot.start()
        await this.#isWhole()
      })
      .finally(end)
    return 'lost'
  }

  /** The process stands still until another one leads; its request, or the answer, arrives only then. */
  async #stop(slot: Slot, end: () => void): Promise<Verdict> {
    slot.child?.kill('SIGSTOP')
    const since = performance.now()
    const isReplaced = () => this.#slots.some((other) => other !== slot && other.ledAt > since)
    await eventually(isReplaced, { timeoutMs: 20_000, everyMs: 20 }).catch(() => undefined)
    void sleep(300).then(async () => {
      slot.child?.kill('SIGCONT')
      await this.#isWhole().finally(end)
    })
    return 'on'
  }

  /** Every connection of the process ends, to the cluster and to the cloud. */
  async #cut(slot: Slot, end: () => void): Promise<Verdict> {
    slot.gate.cut()
    for (const gate of this.gates) gate.cut()
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
