import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'
import type { Door } from '../support/installation.ts'

interface Tally {
  /** Requests so far. */
  readonly count: number
  /** Those without a good answer. */
  readonly failures: readonly string[]
  /** Answers that were older than what the same client had written. */
  readonly stale: readonly string[]
}

export interface Load {
  soFar(): Tally
  /** Ends it; resolves when the last request is answered. */
  stop(): Promise<Tally>
}

interface Workspace {
  readonly metadata: { readonly name: string }
  readonly labels?: Readonly<Record<string, string>>
}

const CLIENTS = 4
/** Clients come and go: each keeps its connection for so many requests. */
const REQUESTS_PER_CONNECTION = 25

/** Clients that write a workspace of tenant `demo`, read it back and list all, over and over, and never try again. */
export function startLoad({ base, headers: shown, connect }: Door, { name: prefix = 'load', pauseMs = 5 } = {}): Load {
  const stopped = new AbortController()
  const failures: string[] = []
  const stale: string[] = []
  const at = () => new Date().toISOString()
  let count = 0
  const client = async (index: number) => {
    let dispatcher = new Agent({ connect })
    const all = `${base}/tenants/demo/workspaces`
    const name = `${prefix}-${index}`
    const headers = { ...shown, 'content-type': 'application/json' }
    const call = async <T>(method: string, path: string, body?: object) => {
      count++
      if (count % REQUESTS_PER_CONNECTION === 0) {
        await dispatcher.close()
        dispatcher = new Agent({ connect })
      }
      const answer = await fetch(path, { method, headers, dispatcher, ...(body ? { body: JSON.stringify(body) } : {}) })
      const text = await answer.text()
      if (answer.status >= 400) throw new Error(`${method} ${answer.status} ${text}`)
      return JSON.parse(text) as T
    }
    let written = 0
    for (let turn = 0; !stopped.signal.aborted; turn++) {
      try {
        if (turn % 10 === 0) {
          written = turn
          await call('PUT', `${all}/${name}`, { labels: { turn: String(turn) }, spec: {} })
        }
        const seen: (Workspace | undefined)[] = [await call<Workspace>('GET', `${all}/${name}`)]
        if (turn % 5 === 0) {
          const { items } = await call<{ items: Workspace[] }>('GET', all)
          seen.push(items.find(({ metadata }) => metadata.name === name))
        }
        // Its own writes are seen by every replica.
        for (const one of seen)
          if (one?.labels?.['turn'] !== String(written)) stale.push(`${at()}: wrote ${written}, read ${one?.labels?.['turn']}`)
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
        failures.push(`${at()}: ${String(error)}${cause}`)
      }
      await sleep(pauseMs)
    }
    await dispatcher.close()
  }
  const running = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)))
  const soFar = () => ({ count, failures, stale })
  return {
    soFar,
    async stop() {
      stopped.abort()
      await running
      return soFar()
    },
  }
}
