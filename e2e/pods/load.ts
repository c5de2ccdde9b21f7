import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, fetch } from 'undici'

interface Door {
  readonly url: string
  readonly ca: string
  readonly token: string
}

export interface Load {
  /** Ends it; resolves with what was asked and what did not go well. */
  stop(): Promise<{ readonly count: number; readonly failures: readonly string[] }>
}

const CLIENTS = 4
const NAME = 'seca-api.seca-system.svc'
/** Clients come and go: each keeps its connection for so many requests. */
const REQUESTS_PER_CONNECTION = 25

/** Clients that write a workspace and read it back, over and over, and never try again. */
export function startLoad({ url, ca, token }: Door): Load {
  const stopped = new AbortController()
  const failures: string[] = []
  let count = 0
  const client = async (index: number) => {
    let dispatcher = new Agent({ connect: { ca, servername: NAME } })
    const path = `${url}/providers/seca.workspace/v1/tenants/demo/workspaces/load-${index}`
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const call = async (method: string, body?: object) => {
      count++
      if (count % REQUESTS_PER_CONNECTION === 0) {
        await dispatcher.close()
        dispatcher = new Agent({ connect: { ca, servername: NAME } })
      }
      const answer = await fetch(path, { method, headers, dispatcher, ...(body ? { body: JSON.stringify(body) } : {}) })
      const content = (await answer.json()) as { labels?: Record<string, string> }
      if (answer.status >= 400) throw new Error(`${method} ${answer.status} ${JSON.stringify(content)}`)
      return content
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
