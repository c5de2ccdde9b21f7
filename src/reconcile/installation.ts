import { randomUUID } from 'node:crypto'
import { asError, SecaError } from '../errors.ts'
import type { Kind } from '../kinds/kind.ts'
import type { Resource } from '../kinds/resource.ts'
import { KUBERNETES } from '../kube/builtin.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Clock, systemClock } from '../kube/clock.ts'
import { ifNotFound, isConflict, isNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/gvr.ts'
import type { Log } from '../observe/log.ts'
import { TAG_SEGMENT } from '../provider/tags.ts'

const NAME = 'seca-installation'
/** Between two looks at the ConfigMap while running. */
const LOOK_MS = 60_000

export interface InstallationOptions {
  readonly client: KubeClient
  /** The operator's own. */
  readonly namespace: string
  readonly kinds: readonly Kind[]
}

interface Stored {
  readonly id?: string
  /** uid of the cluster that it is the id of; absent where an administrator wrote the id there. */
  readonly cluster?: string
}

interface ConfigMap {
  readonly metadata: { readonly resourceVersion?: string }
  readonly data?: Stored
}

/**
 * Id of this installation, the first part of every tag in the cloud: made once and kept in a ConfigMap; `given` puts an old one back when a
 * cluster is restored (architecture §4 "Identity"). None is made while anything here stands for a cloud object, which the new id would not
 * find. A ConfigMap that was copied from another cluster counts only where somebody says so: with `given`, or without the other's uid in it.
 * Two clusters with one id would each undo what the other does. Throws `InvalidConfiguration`, which says what to do.
 */
export async function installationId(options: InstallationOptions, given: string | undefined, signal: AbortSignal): Promise<string> {
  if (given !== undefined && !TAG_SEGMENT.test(given))
    throw invalid(`--installation-id "${given}" can be no part of a tag: give up to 63 letters, digits, dots, dashes or underscores`)
  const cluster = await clusterId(options, signal)
  for (;;) {
    const stored = await read(options, signal)
    if (stored?.data?.id === undefined) {
      const id = given ?? (await fresh(options, signal))
      if (await put(options, stored, { id, cluster }, signal)) return id
      continue
    }
    const id = agreed(options, stored.data.id, given)
    if (stored.data.cluster === cluster) return id
    if (given === undefined) own(options, stored.data, cluster)
    if (await put(options, stored, { id, cluster }, signal)) return id
  }
}

/** The id as it is stored, for who only looks: none is made. */
export async function storedInstallation(options: InstallationOptions, signal: AbortSignal): Promise<string | undefined> {
  const stored = (await read(options, signal))?.data
  if (stored?.id === undefined) return undefined
  if (stored.cluster !== undefined) own(options, stored, await clusterId(options, signal))
  return agreed(options, stored.id, undefined)
}

/**
 * Puts the id back when somebody deletes the ConfigMap, or the id in it, while this process runs. Resolves when the signal aborts;
 * rejects when another id is stored by then: two processes that tag differently would take each other's objects for somebody else's.
 */
export async function keepInstallation(
  options: InstallationOptions & { readonly id: string; readonly log: Log; readonly clock?: Clock },
  signal: AbortSignal,
): Promise<void> {
  const { id, log, clock = systemClock } = options
  for (;;) {
    await clock.sleep(LOOK_MS, signal)
    if (signal.aborted) return
    try {
      const stored = await read(options, signal)
      if (stored?.data?.id !== undefined) agreed(options, stored.data.id, id, 'this process works with')
      else if (await put(options, stored, { id, cluster: await clusterId(options, signal) }, signal))
        log.warn({ installation: id }, `the id of ConfigMap ${placeOf(options)} was gone and is put back`)
    } catch (error) {
      if (error instanceof SecaError && error.code === 'InvalidConfiguration') throw error
      if (!signal.aborted) log.warn({ err: asError(error).message }, `ConfigMap ${placeOf(options)} could not be looked at`)
    }
  }
}

function agreed(options: InstallationOptions, stored: string, wanted: string | undefined, who = 'the configuration says'): string {
  const place = placeOf(options)
  if (!TAG_SEGMENT.test(stored))
    throw invalid(
      `the id in ConfigMap ${place}, ${JSON.stringify(stored.slice(0, 80))}, can be no part of a tag: put the old one back there`,
    )
  if (wanted === undefined || wanted === stored) return stored
  throw invalid(
    `this cluster's installation id is ${stored}, ${who} ${wanted}: correct it, or, if the cluster really takes over that installation, stop the controllers, delete ConfigMap ${place} and start them with --installation-id`,
  )
}

/** Throws when an id is another cluster's. */
function own(options: InstallationOptions, { id, cluster = '' }: Stored, here: string): void {
  if (['', here].includes(cluster)) return
  const { namespace } = options
  throw invalid(
    `ConfigMap ${placeOf(options)} comes from another cluster. Where this one takes over installation ${id}, and no controllers run in the other one any more: ` +
      `kubectl patch configmap ${NAME} -n ${namespace} --type=merge -p '{"data":{"cluster":null}}'. ` +
      `Where this is to be an installation of its own: kubectl delete configmap ${NAME} -n ${namespace}`,
  )
}

async function fresh(options: InstallationOptions, signal: AbortSignal): Promise<string> {
  const object = await firstInCloud(options, signal)
  if (object === undefined) return randomUUID()
  const { namespace, name } = object.metadata
  throw invalid(
    `ConfigMap ${placeOf(options)} has no installation id, but ${object.kind} ${namespace === undefined ? '' : `${namespace}/`}${name} stands for a cloud object, which is tagged with one: ` +
      'give the old id with --installation-id; it is the first part of the tags in the cloud',
  )
}

/** An object that stands for something in a cloud, or may. Asked of the cluster, and only where there is no id. */
async function firstInCloud({ client, kinds }: InstallationOptions, signal: AbortSignal): Promise<Resource | undefined> {
  for (const kind of kinds) {
    if (kind.cloud === 'none') continue
    try {
      for await (const { items } of client.list<Resource>(kind.gvr, { signal }))
        for (const item of items) if (item.status?.externalId !== undefined || item.status?.incarnation !== undefined) return item
    } catch (error) {
      // A kind that is not installed has no objects.
      if (!isNotFound(error)) throw error
    }
  }
  return undefined
}

/** What a cluster is known by: the uid of a namespace that every cluster has, and that a backup of objects does not bring along. */
async function clusterId({ client }: InstallationOptions, signal: AbortSignal): Promise<string> {
  const { metadata } = await client.get<KubeObject>(KUBERNETES.Namespace, undefined, 'kube-system', signal)
  return metadata.uid ?? ''
}

function read({ client, namespace }: InstallationOptions, signal: AbortSignal): Promise<ConfigMap | undefined> {
  return client.get<ConfigMap>(KUBERNETES.ConfigMap, namespace, NAME, signal).catch(ifNotFound)
}

/** False when somebody else was faster: read it again. */
async function put(
  { client, namespace }: InstallationOptions,
  stored: ConfigMap | undefined,
  data: Stored,
  signal: AbortSignal,
): Promise<boolean> {
  const metadata = { name: NAME, namespace }
  try {
    if (stored === undefined)
      await client.create(KUBERNETES.ConfigMap, namespace, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }, signal)
    else {
      const body = { metadata: { resourceVersion: stored.metadata.resourceVersion }, data }
      await client.patch(KUBERNETES.ConfigMap, namespace, NAME, { type: 'merge', body }, signal)
    }
    return true
  } catch (error) {
    if (isConflict(error) || (stored !== undefined && isNotFound(error))) return false
    throw error
  }
}

const placeOf = ({ namespace }: InstallationOptions): string => `${namespace}/${NAME}`
const invalid = (message: string): SecaError => new SecaError('InvalidConfiguration', message)
