import { type Line, type Reply, exchange, requestText } from './wire.ts'
import type { World } from './world.ts'

/** `direct`: tokens of SECA; `port`: the aggregated port itself; `kube`: through kube-apiserver. */
export type Door = 'direct' | 'port' | 'kube'

/** What an answer must look like for the attempt to have failed; answers what is wrong with it. */
export type Verdict = (reply: Reply, world: World) => string | undefined | Promise<string | undefined>

export interface Attempt {
  readonly name: string
  readonly door: Door
  /** What goes over the wire. */
  readonly bytes: string | Buffer
  /** Client certificate. */
  readonly identity?: { readonly cert: string; readonly key: string }
  /** Default: {@link refused}. */
  readonly verdict?: Verdict
}

/** Every answer says no (4xx; 505 is Node's for versions of HTTP that are none), or there is none at all. */
const refused: Verdict = ({ statuses }) =>
  statuses.every((status) => (status >= 400 && status < 500) || status === 505) ? undefined : `it was answered with ${statuses.join()}`

/** The answer may be good, since the request turns out to be about nothing of others; what it holds is looked at for every attempt. */
export const harmless: Verdict = ({ statuses }) =>
  statuses.length > 0 && statuses.every((status) => status < 300 || (status >= 400 && status < 500))
    ? undefined
    : `it was answered with ${statuses.join()}`

/** As {@link harmless}, and the text has none of these words. */
export const without =
  (...words: readonly string[]): Verdict =>
  async (reply, world) =>
    (await harmless(reply, world)) ?? (words.some((word) => reply.text.includes(word)) ? `the answer holds ${words.join()}` : undefined)

/** An attempt that is one request, with a bearer token unless that is `undefined`. */
export function attempt(name: string, door: Door, token: string | undefined, line: Line, more: Partial<Attempt> = {}): Attempt {
  const headers = [...(token === undefined ? [] : [['Authorization', `Bearer ${token}`] as const]), ...(line.headers ?? [])]
  return { name, door, bytes: requestText({ ...line, headers }), ...more }
}

const AT_ONCE = 12

/** How often each status was answered, over all attempts; 0: the peer hung up. */
export const answered = new Map<number, number>()

/** Makes all attempts; answers those that did not fail as they should, and whatever leaked or broke. */
export async function make(world: World, attempts: readonly Attempt[]): Promise<string[]> {
  const urls: Record<Door, string> = { direct: world.api.url, port: world.api.aggregatedUrl, kube: world.kube }
  const queue = attempts.values()
  const found: string[] = []
  const work = async () => {
    for (const { name, door, bytes, identity, verdict = refused } of queue) {
      const reply = await exchange(urls[door], bytes, identity)
      const [first = 0] = reply.statuses
      answered.set(first, (answered.get(first) ?? 0) + 1)
      const flaws = [
        await verdict(reply, world),
        reply.text.includes(world.marker) ? 'THE MARKER LEAKED' : undefined,
        reply.statuses.some((status) => status >= 500 && status !== 505) ? 'a server error' : undefined,
        door !== 'kube' && reply.statuses.some((status) => status >= 300 && status < 400) ? 'a redirect' : undefined,
        reply.text.includes(world.vera) ? 'a token came back' : undefined,
      ].filter((flaw) => flaw !== undefined)
      if (flaws.length > 0) found.push(`${door} ${name}: ${flaws.join('; ')}\n${reply.text.slice(0, 600)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return found
}
