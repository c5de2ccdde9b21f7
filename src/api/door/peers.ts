import { KUBERNETES } from '../../kube/builtin.ts'
import { X509Certificate } from 'node:crypto'
import { Agent, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cache } from '../../cache/cache.ts'
import { asError } from '../../errors.ts'
import type { KubeClient } from '../../kube/client.ts'
import { systemClock } from '../../kube/clock.ts'
import type { KubeObject } from '../../kube/gvr.ts'
import { Reflector } from '../../kube/reflector.ts'
import { Store } from '../../kube/store.ts'
import type { Log } from '../../observe/log.ts'
import type { Peers, Written } from '../contract.ts'
import { PEER_PATH, type Plain } from './handler.ts'
import type { Head } from '../identity/head.ts'
import { announced, announcement, isSigned, leafOf, signed } from './peer-trust.ts'
import { Silence } from './silence.ts'

/** How long a write waits for the other replicas (architecture §6). */
const CONFIRM_MS = 250
const RENEW_MS = 10_000
/** A replica that has not renewed for this long is gone. */
const EXPIRES_MS = 30_000
/** The Lease of a replica that was killed is removed by the others after this long. */
const FORGOTTEN_MS = 600_000
/** After a new certificate was announced: until the others have heard. */
const HEARD_MS = 1_000

const HEADER = 'x-seca-peer'
const LABEL = 'secapi.cloud/api-replica'
const ADDRESS = 'secapi.cloud/api-address'
const CERTIFICATES = 'secapi.cloud/api-certificates'

interface Lease extends KubeObject {
  readonly spec?: { readonly renewTime?: string; readonly holderIdentity?: string }
}

/** What another replica may show, and what that follows from. */
interface Trust {
  readonly certificates: readonly string[]
  readonly fingerprints: readonly string[]
  readonly value: string | undefined
  readonly own: readonly string[]
  readonly keys: readonly string[]
}
const MAX_TRUSTED = 100

export interface PeersOptions {
  readonly client: KubeClient
  readonly cache: Cache
  readonly namespace: string
  /** Name of this replica; unique. */
  readonly identity: string
  /** `https://10.0.0.5:8443`: where the others reach this one. */
  readonly address: string
  /** Secrets that all replicas share; the first is the newest. */
  readonly keys: () => readonly string[]
  /** The certificate that this replica shows (PEM). Others usually show the same. */
  readonly certificate: string
  readonly log: Log
  readonly now?: () => number
}

/** For a single replica, which has nobody to ask. */
export const NO_PEERS: Peers = { confirm: () => Promise.resolve() }

/** Finds the other replicas by their Leases, and asks them after each write whether they have it. */
export class PeerSet implements Peers {
  readonly #options: Required<PeersOptions>
  readonly #leases = new Store<Lease>()
  readonly #agent: Agent
  readonly #silence: Silence
  /** Certificates of this replica: what it shows, and what it showed before. */
  #certificates: readonly string[]
  readonly #trust = new Map<string, Trust>()
  #reflector: Reflector<Lease> | undefined
  #isAnnounced = false
  readonly #seen = new Map<string, { renewTime: string | undefined; at: number }>()

  constructor(options: PeersOptions) {
    this.#options = { now: systemClock.now, ...options }
    this.#certificates = [leafOf(options.certificate)]
    this.#silence = new Silence(this.#options.now)
    this.#agent = new Agent({ keepAlive: true, maxSockets: 16 })
    // Age by our own clock: theirs may differ.
    this.#leases.onChange(({ object, type }) => {
      const { name } = object.metadata
      if (type === 'deleted') this.#seen.delete(name)
      else if (this.#seen.get(name)?.renewTime !== object.spec?.renewTime)
        this.#seen.set(name, { renewTime: object.spec?.renewTime, at: this.#options.now() })
    })
  }

  /** Says that this replica is there, and watches for others, until `signal`; then withdraws. */
  async run(signal: AbortSignal): Promise<void> {
    const { client, namespace, identity, log } = this.#options
    this.#reflector = new Reflector({ client, gvr: KUBERNETES.Lease, store: this.#leases, namespace, labelSelector: LABEL, log })
    const watching = this.#reflector.run(signal)
    while (!signal.aborted) {
      await this.#renew().catch((error: unknown) => log.warn({ err: asError(error).message }, 'cannot renew the Lease of this replica'))
      await sleep(RENEW_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
    await watching
    await client.delete(KUBERNETES.Lease, namespace, leaseName(identity)).catch(() => undefined)
    this.#agent.destroy()
  }

  /** Why writes of others may not be seen here in time, nor ours there: nobody knows of this replica yet, or it of nobody. */
  trouble(): string | undefined {
    if (!this.#isAnnounced) return 'other replicas cannot know of this one yet: its Lease is not written'
    return this.#reflector?.isSynced === true ? undefined : 'other replicas are not known yet'
  }

  /** Tells the others which certificate this replica is about to show. */
  async show(certificate: string): Promise<void> {
    const leaf = leafOf(certificate)
    this.#certificates = [leaf, ...this.#certificates.filter((other) => other !== leaf)].slice(0, 2)
    await this.#renew(AbortSignal.timeout(RENEW_MS))
    await sleep(HEARD_MS, undefined, { ref: false })
  }

  async #renew(signal?: AbortSignal): Promise<void> {
    const { client, namespace, identity, address, keys } = this.#options
    const annotations = { [ADDRESS]: address, [CERTIFICATES]: announcement(keys(), address, this.#certificates) }
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: leaseName(identity), namespace, labels: { [LABEL]: 'true' }, annotations },
      // metav1.MicroTime: exactly six digits.
      spec: { holderIdentity: identity, leaseDurationSeconds: EXPIRES_MS / 1000, renewTime: new Date().toISOString().replace('Z', '000Z') },
    }
    await client.apply(KUBERNETES.Lease, lease, { fieldManager: 'seca-api', force: true }, signal)
    this.#isAnnounced = true
    for (const [name, { at }] of this.#seen)
      if (name !== lease.metadata.name && this.#options.now() - at > FORGOTTEN_MS)
        await client.delete(KUBERNETES.Lease, namespace, name).catch(() => undefined)
  }

  /** Addresses of the other live replicas, and the certificates that they announce. */
  #others(): { readonly address: string; readonly announced: string | undefined }[] {
    const { identity, now } = this.#options
    const others: { address: string; announced: string | undefined }[] = []
    for (const { metadata } of this.#leases.values()) {
      const address = metadata.annotations?.[ADDRESS]
      if (metadata.name === leaseName(identity) || address === undefined) continue
      if (now() - (this.#seen.get(metadata.name)?.at ?? 0) < EXPIRES_MS)
        others.push({ address, announced: metadata.annotations?.[CERTIFICATES] })
    }
    return others
  }

  async confirm(written: Written): Promise<void> {
    const asked = this.#others().filter(({ address }) => !this.#silence.isLeftOut(address))
    if (asked.length === 0) return
    await Promise.all(
      asked.map(({ address, announced: value }) =>
        this.#ask(address, this.#trusted(address, value), written).then(
          () => this.#silence.answered(address),
          (error: unknown) => {
            this.#silence.missed(address)
            this.#options.log.debug({ peer: address, err: asError(error).message }, 'another replica did not confirm a write')
          },
        ),
      ),
    )
  }

  /** What is believed at an address: the certificates of this replica, which usually are everybody's, and what is announced there. */
  #trusted(address: string, value: string | undefined): Trust {
    const [own, keys] = [this.#certificates, this.#options.keys()]
    const known = this.#trust.get(address)
    if (known?.value === value && known?.own === own && known.keys === keys) return known
    const certificates = [...new Set([...own, ...announced(keys, address, value)])]
    const trust = { value, own, keys, certificates, fingerprints: certificates.map((cert) => new X509Certificate(cert).fingerprint256) }
    // Addresses of pods come and go.
    if (this.#trust.size > MAX_TRUSTED) this.#trust.clear()
    this.#trust.set(address, trust)
    return trust
  }

  async #ask(
    address: string,
    { certificates, fingerprints }: Trust,
    { kind, key, resourceVersion, uid, isDelete }: Written,
  ): Promise<void> {
    const query = new URLSearchParams({
      kind,
      key,
      version: resourceVersion,
      ...(uid === undefined ? {} : { uid }),
      ...(isDelete === true ? { gone: '1' } : {}),
    }).toString()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const call = request(
      new URL(`${PEER_PATH}?${query}`, address),
      {
        agent: this.#agent,
        timeout: CONFIRM_MS,
        signal: AbortSignal.timeout(CONFIRM_MS),
        headers: { [HEADER]: signed(this.#options.keys(), query) },
        // Addresses of pods stand in no certificate: it has to be one of these, and nothing else will do.
        ca: certificates,
        allowPartialTrustChain: true,
        checkServerIdentity: (_host: string, peer: { fingerprint256: string }) =>
          fingerprints.includes(peer.fingerprint256) ? undefined : new Error('a certificate that no replica announced'),
      } as Parameters<typeof request>[1] & object,
      (response) => {
        response.resume()
        if (response.statusCode === 204) response.on('end', resolve)
        else reject(new Error(`answer ${response.statusCode}`))
      },
    )
    call.on('error', reject)
    call.end()
    return promise
  }

  /** Answers another replica: at once when what was written is here, else when it comes; 202 when it does not within 250 ms. */
  async answer(query: string, head: Head): Promise<Plain> {
    const { keys, cache } = this.#options
    if (!isSigned(keys(), query, head.headers.get(HEADER) ?? [])) return PLAIN_401
    const wanted = new URLSearchParams(query)
    const kind = cache.kindNamed(wanted.get('kind') ?? '')
    if (kind === undefined) return { status: 202, headers: {}, body: '' }
    const isHere = await untilHere(cache, {
      kind: kind.kind,
      key: wanted.get('key') ?? '',
      resourceVersion: wanted.get('version') ?? '',
      uid: wanted.get('uid') ?? '',
      isDelete: wanted.has('gone'),
    })
    return { status: isHere ? 204 : 202, headers: {}, body: '' }
  }
}

const PLAIN_401: Plain = { status: 401, headers: { 'www-authenticate': 'Peer' }, body: '' }
const leaseName = (identity: string) => `seca-api-${identity.toLowerCase().replaceAll(/[^a-z0-9-]/g, '-')}`

/** Resolves with whether the cache holds the version, or a later one, or has seen its end, within 250 ms. After a deletion, only the end counts. */
export async function untilHere(cache: Cache, { kind, key, resourceVersion, uid, isDelete }: Written): Promise<boolean> {
  const store = cache.store(kind)
  const isHere = () => {
    const object = store.get(key)
    if (isDelete === true) return object === undefined || object.metadata.uid !== uid
    return object === undefined
      ? uid !== undefined && store.isGone(uid)
      : Number(object.metadata.resourceVersion) >= Number(resourceVersion)
  }
  if (isHere()) return true
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const stop = store.onChange(() => {
    if (isHere()) resolve(true)
  })
  const timer = setTimeout(() => resolve(isHere()), CONFIRM_MS)
  try {
    return await promise
  } finally {
    stop()
    clearTimeout(timer)
  }
}
