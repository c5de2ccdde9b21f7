import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { PeerSet } from '../api/door/peers.ts'
import { keysOf } from '../api/door/peer-trust.ts'
import type { Cache } from '../cache/cache.ts'
import type { ApiConfig } from '../cli/config.ts'
import { SecaError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { follow, readMounted, whenThere } from '../mounted.ts'
import type { Log } from '../observe/log.ts'

interface Options {
  readonly config: Pick<ApiConfig, 'peerAddress' | 'peerKeyFile' | 'operatorNamespace'>
  /** What this replica shows (PEM). */
  readonly certificate: string
  readonly client: KubeClient
  readonly cache: Cache
  readonly log: Log
  readonly patience: Parameters<typeof whenThere>[1]
}

/** A key that was replaced goes on being believed for this long: volumes of other pods are minutes behind. */
const OVERLAP_MS = 600_000

/** The other replicas, where there may be some; waits for the key that all share. Undefined also when the process ends before. */
export async function createPeers({ config, certificate, client, cache, log, patience }: Options): Promise<PeerSet | undefined> {
  const { peerAddress: address, peerKeyFile: file, operatorNamespace: namespace } = config
  if (address === undefined) return undefined
  if (file === undefined)
    throw new SecaError('InvalidConfiguration', '--peer-address needs --peer-key-file, the secret that all replicas share')
  const first = await whenThere(() => readKeys(file), patience)
  if (first === undefined) return undefined
  let [keys, replaced]: [readonly string[], number] = [first, 0]
  void follow(() => readKeys(file), {
    from: first,
    signal: patience.signal,
    onChange(next) {
      const number = ++replaced
      const before = keys
      keys = [...next, ...before.filter((key) => !next.includes(key))].slice(0, 4)
      log.info('the keys of replicas were replaced')
      setTimeout(() => {
        if (number === replaced) keys = next
      }, OVERLAP_MS).unref()
    },
    onTrouble: (reason) => log.error({ reason }, 'the new keys of replicas cannot be used, the old ones stay'),
  })
  const identity = `${hostname()}-${randomUUID().slice(0, 8)}`
  return new PeerSet({ client, cache, namespace, identity, address, keys: () => keys, certificate, log })
}

function readKeys(file: string): readonly string[] {
  const keys = keysOf(readMounted(file))
  if (keys !== undefined) return keys
  throw new SecaError(
    'InvalidConfiguration',
    `${file} holds no secret: it has to have one of 16 characters or more, one a line, four at most`,
  )
}
