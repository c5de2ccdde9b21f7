import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'

/** Where clients reach the API of workspaces, and what they show. */
export interface Door {
  /** URL up to `/tenants`. */
  readonly base: string
  readonly headers: Readonly<Record<string, string>>
  readonly connect: { readonly ca: string; readonly servername?: string; readonly cert?: string; readonly key?: string }
}

export interface Load {
  /** Ends it; resolves with what was asked and what did not go well. */
  stop(): Promise<{ readonly count: number; readonly failures: readonly string[] }>
}

const CLIENTS = 4
/** Clients come and go: each keeps its connection for so many requests. */
const REQUESTS_PER_CONNECTION = 25

/** Clients that write a workspace of tenant `demo` and read it back, over and over, and never try again. */
export function startLoad({ base, headers: shown, connect }: Door, name = 'load'): Load {
  const stopped = new AbortController()
  const failures: string[] = []
  let count = 0
  const client = async (index: number) => {
    let dispatcher = new Agent({ connect })
    const path = `${base}/tenants/demo/workspaces/${name}-${index}`
    const headers = { ...shown, 'content-type': 'application/json' }
    const call = async (method: string, body?: object) => {
      count++
      if (count % REQUESTS_PER_CONNECTION === 0) {
        await dispatcher.close()
        dispatcher = new Agent({ connect })
      }
      const answer = await fetch(path, { method, headers, dispatcher, ...(body ? { body: JSON.stringify(body) } : {}) })
      const text = await answer.text()
      if (answer.status >= 400) throw new Error(`${new Date().toISOString()} ${method} ${answer.status} ${text}`)
      return JSON.parse(text) as { labels?: Record<string, string> }
    }
    for (let turn = 0; !stopped.signal.aborted; turn++) {
      try {
        const written = turn % 10 === 0 ? await call('PUT', { labels: { turn: String(turn) }, spec: {} }) : undefined
        const { labels } = await call('GET')
        // Its own write is seen by every replica.
        if (written && labels?.['turn'] !== String(turn)) failures.push(`stale: wrote ${turn}, read ${labels?.['turn']}`)
      } catch (error) {
        const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
        failures.push(`${String(error)}${cause}`)
      }
      await sleep(5)
    }
    await dispatcher.close()
  }
  const running = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)))
  return {
    async stop() {
      stopped.abort()
      await running
      return { count, failures }
    },
  }
}
