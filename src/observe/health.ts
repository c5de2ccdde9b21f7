import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.ts'

/** One thing that must hold: `undefined` when it does, else what is wrong, in a few words. */
export type Check = () => string | undefined

export interface HealthOptions {
  readonly host: string
  /** 0 takes a free port. */
  readonly port: number
  readonly metrics: Metrics
  /** When one of these fails for long, the process should be started anew. */
  readonly live: Readonly<Record<string, Check>>
  /** When one of these fails, the process cannot do its work yet (or any more). */
  readonly ready: Readonly<Record<string, Check>>
}

export interface Health {
  readonly url: string
  readonly port: number
  stop(): Promise<void>
}

/** A blocked event loop renews no Lease and answers no probe. */
const BLOCKED_MS = 5_000
/** A block is told for this long afterwards, so that a probe sees it. */
const TOLD_MS = 10_000
const TICK_MS = 1_000

/** Serves `/livez`, `/readyz` (200 or 503, one line for each check) and `/metrics`. */
export async function startHealth(options: HealthOptions): Promise<Health> {
  const { metrics } = options
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const watch = watchLoop(() => performance.now())
  const ticks = setInterval(watch.tick, TICK_MS).unref()
  const live = { ...options.live, 'event-loop': watch.check }

  const server = createServer((request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(body)
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (path === '/livez') return void answer(...report(live))
    if (path === '/readyz') return void answer(...report(options.ready))
    if (path !== '/metrics') return void answer(404, 'not found; there are /livez, /readyz and /metrics\n')
    const hasSamples = !Number.isNaN(delay.mean)
    metrics.eventLoopLag.set(hasSamples ? delay.percentile(99) / 1e9 : 0)
    metrics.eventLoopMaxLag.set(hasSamples ? delay.max / 1e9 : 0)
    delay.reset()
    metrics.registry.metrics().then(
      (text) => answer(200, text, metrics.registry.contentType),
      (error: unknown) => answer(500, `${String(error)}\n`),
    )
  })
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host: options.host, port: options.port }, listening.resolve)
  await listening.promise
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    port,
    stop() {
      clearInterval(ticks)
      delay.disable()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function report(checks: Readonly<Record<string, Check>>): [number, string] {
  const results = Object.entries(checks).map(([name, check]) => ({ name, problem: check() }))
  const body = results.map(
    ({ name, problem }) => `${problem === undefined ? 'ok' : 'failed'} ${name}${problem === undefined ? '' : `: ${problem}`}\n`,
  )
  return [results.every(({ problem }) => problem === undefined) ? 200 : 503, body.join('')]
}

/** Notices that ticks came late: `tick` is called once a second. */
export function watchLoop(now: () => number): { tick: () => void; check: Check } {
  let last = now()
  let blocked = { at: Number.NEGATIVE_INFINITY, forMs: 0 }
  const tick = () => {
    const time = now()
    const late = time - last - TICK_MS
    if (late > BLOCKED_MS) blocked = { at: time, forMs: late }
    last = time
  }
  const check = () => {
    tick()
    return now() - blocked.at < TOLD_MS ? `blocked for ${Math.round(blocked.forMs / 1000)} s` : undefined
  }
  return { tick, check }
}
