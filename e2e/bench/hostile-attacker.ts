import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect as connectH2, constants } from 'node:http2'
import { Agent, get } from 'node:https'
import { setPriority } from 'node:os'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Pool } from 'undici'
import type { Server } from './api-load.ts'
import type { Attack, AttackShot } from './hostile-attacks.ts'

/** What an attacker is told to do, in a process of its own. */
interface Order {
  readonly server: Pick<Server, 'origin' | 'ca' | 'headers'>
  readonly attack: Pick<Attack, 'shots' | 'concurrency' | 'http2' | 'isFresh' | 'raw'>
}

/** How often which status was answered; `failed` where there was no answer. */
export type Statuses = Readonly<Record<string, number>>

interface Running {
  /** Ends the attack. */
  stop(): Promise<Statuses>
}

/** Starts an attack; resolves when it is under way. */
export async function startAttack(order: Order): Promise<Running> {
  const child = fork(import.meta.filename, ['attack'], { detached: true })
  if (child.pid !== undefined) giveWay(child.pid)
  const next = () =>
    new Promise<unknown>((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', () => reject(new Error('the attacker has ended')))
    })
  const started = next()
  child.send(order)
  await started
  return {
    async stop() {
      const statuses = next()
      child.send('stop')
      const result = (await statuses) as Statuses
      child.kill()
      return result
    },
  }
}

/** What is no request that is waited for, again and again. */
const RAW = {
  handshakes: ({ origin, ca }: Order['server']) =>
    new Promise<string>((resolve, reject) => {
      const socket = connectTls({ host: new URL(origin).hostname, port: Number(new URL(origin).port), ca, servername: 'localhost' }, () => {
        socket.destroy()
        resolve('handshake')
      })
      socket.once('error', reject)
    }),
  resets: ({ origin, ca, headers }: Order['server'], [shot]: Order['attack']['shots'], signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const session = connectH2(origin, { ca, servername: 'localhost' })
      session.once('error', reject)
      session.once('close', () => resolve('session'))
      const burst = () => {
        if (session.destroyed || session.closed) return
        if (signal.aborted) return session.destroy()
        for (let count = 0; count < 50; count++) {
          const stream = session.request({ ':method': shot?.method ?? 'GET', ':path': shot?.path ?? '/', ...headers })
          stream.on('error', () => undefined)
          stream.close(constants.NGHTTP2_CANCEL)
        }
        setTimeout(burst, 5)
      }
      session.once('connect', burst)
    }),
}

/** The attacker has a machine of its own: here it only gets what the others leave. */
function giveWay(pid: number): void {
  setPriority(pid, 19)
  // Linux compares sessions first (autogroups), and processes only within one.
  try {
    writeFileSync(`/proc/${pid}/autogroup`, '19')
  } catch {
    // Not Linux, or without autogroups: the priority does it.
  }
}

async function attack(
  { server, attack: { shots, concurrency, http2 = false, isFresh = false, raw } }: Order,
  signal: AbortSignal,
): Promise<Statuses> {
  const pool = new Pool(server.origin, {
    connections: http2 ? 1 : concurrency,
    pipelining: isFresh ? 0 : http2 ? concurrency : 1,
    allowH2: http2,
    connect: { ca: server.ca },
  })
  // undici would take another host for another server, and connect anew.
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ca: server.ca, servername: 'localhost' })
  const made = (path: string, headers: Readonly<Record<string, string>>) =>
    new Promise<string>((resolve, reject) => {
      get(server.origin + path, { agent, headers, signal }, (response) => {
        response.resume()
        response.on('end', () => resolve(String(response.statusCode)))
        response.on('error', reject)
      }).on('error', reject)
    })
  const statuses: Record<string, number> = {}
  const count = (what: string) => (statuses[what] = (statuses[what] ?? 0) + 1)
  let sent = 0
  const fire = async ({ method, path, headers, body, isChunked = false }: AttackShot) => {
    const number = String(++sent)
    const fill = (text: string) => text.replaceAll('@n@', number)
    const own = Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name, fill(value)]))
    const all = { ...server.headers, ...own }
    if ('host' in own) return count(await made(fill(path), all))
    const answer = await pool.request({
      method: method as 'GET',
      path: fill(path),
      headers: all,
      ...(body === undefined ? {} : { body: isChunked ? Readable.from([Buffer.from(fill(body))]) : fill(body) }),
      signal,
    })
    await answer.body.dump({ limit: 1 << 26 })
    count(String(answer.statusCode))
  }
  const worker = async (first: number) => {
    for (let at = first; !signal.aborted; at++)
      await (raw === undefined ? fire(shots[at % shots.length] as AttackShot) : RAW[raw](server, shots, signal).then(count)).catch(
        async () => {
          if (signal.aborted) return
          count('failed')
          await sleep(10)
        },
      )
  }
  await Promise.all(Array.from({ length: concurrency }, (_, index) => worker(index)))
  await pool.destroy()
  agent.destroy()
  return statuses
}

if (process.argv[2] === 'attack') {
  const end = new AbortController()
  process.on('message', (message: Order | 'stop') => {
    if (message === 'stop') return end.abort()
    void attack(message, end.signal).then((statuses) => process.send?.(statuses))
    process.send?.('started')
  })
  process.on('disconnect', () => process.exit())
}
