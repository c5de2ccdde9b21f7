import { Pool } from 'undici'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, JobResult, Shot } from './api-load.ts'
import { cpuSeconds, waitedSeconds } from './process.ts'

/** The client of `npm run bench:api`, in a process of its own: each message is a {@link Job}, each answer a {@link JobResult}. */
process.on('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())

const VERSION = /"resourceVersion":"(\d+)"/

/** One pool per job: the same kept TLS connections and the same HTTP version, whoever is asked. */
async function run(job: Job): Promise<JobResult> {
  const { origin, ca, headers, http2 } = job.server
  const pool = new Pool(origin, {
    connections: job.rate === undefined ? job.concurrency : MAX_OPEN,
    pipelining: http2 ? 100 : 1,
    allowH2: http2,
    connect: { ca },
  })
  const versions = new Map<string, string>()
  let count = job.counter
  let bytes = 0

  /** Resolves with the text of the answer when `wantsText`, to the last byte in any case. */
  const send = (shot: Shot, wantsText: boolean): Promise<string> => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const number = String(count++)
    const body = shot.body?.replaceAll('@count@', number).replace('@version@', versions.get(shot.path) ?? '')
    const path = shot.path.replace('@count@', number)
    const chunks: Buffer[] = []
    let status = 0
    pool.dispatch(
      { method: shot.method, path, headers: { ...headers, ...shot.headers }, ...(body === undefined ? {} : { body }) },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => void (status = code),
        onResponseData: (_controller, chunk) => {
          bytes += chunk.length
          if (wantsText || status >= 300) chunks.push(chunk)
        },
        onResponseEnd: () => {
          const text = chunks.length === 0 ? '' : Buffer.concat(chunks).toString()
          if (status < 300) resolve(text)
          else reject(new Error(`${shot.method} ${shot.path}: ${status} ${text}`))
        },
        onResponseError: (_controller, error) => reject(error),
      },
    )
    return promise
  }
  /** A write that names the version which it replaces, as the one before answered it. */
  const fire = async (shot: Shot): Promise<void> => {
    const isVersioned = shot.body?.includes('@version@') === true
    const text = await send(shot, isVersioned)
    if (isVersioned) versions.set(shot.path, VERSION.exec(text)?.[1] ?? '')
  }

  const versioned = job.shots.filter(({ body }) => body?.includes('@version@'))
  const texts = await Promise.all(versioned.map(({ path }) => send({ method: 'GET', path }, true)))
  for (const [index, { path }] of versioned.entries()) versions.set(path, VERSION.exec(texts[index] ?? '')?.[1] ?? '')
  // Connections are open and code is warm before the clock starts.
  await closed(job.warmUpMs ?? Math.min(400, job.ms / 4))
  bytes = 0
  const ownBefore = process.cpuUsage()
  const [cpuBefore, waitedBefore] = [each(job.pids, cpuSeconds), each(job.pids, waitedSeconds)]
  const start = performance.now()
  const latencies = job.rate === undefined ? await closed(job.ms) : await open(job.rate, job.ms)
  const seconds = (performance.now() - start) / 1000
  const own = process.cpuUsage(ownBefore)
  const [cpu, waited] = [each(job.pids, cpuSeconds, cpuBefore), each(job.pids, waitedSeconds, waitedBefore)]
  await pool.close()
  return {
    seconds,
    latencies: Float64Array.from(latencies).toSorted(),
    bytes,
    counter: count,
    cpu,
    waited,
    clientCpu: (own.user + own.system) / 1e6,
  }

  /** Closed loop: each of the callers sends its next request when it has its answer. Each has its own share of the objects. */
  async function closed(ms: number): Promise<number[]> {
    const all: number[] = []
    const end = performance.now() + ms
    const caller = async (index: number) => {
      const share = job.shots.length < job.concurrency ? job.shots : job.shots.filter((_shot, at) => at % job.concurrency === index)
      for (let at = 0; performance.now() < end; at = (at + 1) % share.length) {
        const sent = performance.now()
        await fire(share[at] as Shot)
        all.push(performance.now() - sent)
      }
    }
    await Promise.all(Array.from({ length: job.concurrency }, (_, index) => caller(index)))
    return all
  }

  /** Open loop: requests are due at fixed times, and latency counts from then, whether or not earlier ones have been answered. */
  async function open(rate: number, ms: number): Promise<number[]> {
    const all: number[] = []
    const pending = new Set<Promise<void>>()
    const total = Math.floor((rate * ms) / 1000)
    for (let index = 0; index < total;) {
      const due = start + (index * 1000) / rate
      if (performance.now() < due) {
        await sleep(1)
        continue
      }
      const answered = fire(job.shots[index++ % job.shots.length] as Shot).then(() => void all.push(performance.now() - due))
      pending.add(answered)
      void answered.then(
        () => pending.delete(answered),
        () => undefined,
      )
    }
    await Promise.all(pending)
    return all
  }
}

/** Connections of an open-loop job. */
const MAX_OPEN = 64

/** A figure of each process, as far as it is above `before`. */
function each(
  pids: Readonly<Record<string, number>>,
  figure: (pid: number) => number,
  before: Readonly<Record<string, number>> = {},
): Record<string, number> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, figure(pid) - (before[name] ?? 0)]))
}
