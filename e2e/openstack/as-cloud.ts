import { setTimeout as sleep } from 'node:timers/promises'
import type { InventoryEntry, Mutation } from '../../providers/simulator/admin.ts'
import type { Native } from '../../providers/openstack/native.ts'
import type { TestCloud } from '../support/test-cloud.ts'
import type { OpenStackApi } from './api.ts'
import { changesIn } from './changes.ts'
import type { Fault, Faults } from './faults.ts'
import { SORTS, sortOf, tagOf, viewOf } from './words.ts'

type Order = Parameters<TestCloud['fault']>[0]

/** What OpenStack cannot be told to do: tests that need it are for the simulated cloud alone. */
const cannot = (what: string) => () => Promise.reject(new Error(`OpenStack cannot be told to ${what}: skip this test unless isSimulated`))

const QUOTAS: Readonly<Record<string, string>> = { 'floating-ips': 'floatingip', ports: 'port', vpcs: 'network' }

/** OpenStack for tests of the engine that ask a cloud what is in it and what was done, and make trouble. */
export class OpenStackCloud implements TestCloud {
  readonly #api: OpenStackApi
  readonly #admin: OpenStackApi
  readonly #faults: Faults

  constructor({ api, admin, faults }: { api: OpenStackApi; admin: OpenStackApi; faults: Faults }) {
    this.#api = api
    this.#admin = admin
    this.#faults = faults
  }

  readonly character = cannot('be of another character')
  readonly throttle = (order: unknown) => (order === null ? Promise.resolve() : cannot('throttle')())
  readonly tokens = cannot('take other tokens')
  readonly strict = cannot('be strict')
  readonly sight = cannot('tell what lags')
  readonly finish = cannot('be done')
  readonly create = cannot('make what its API does not')

  /** Its back-ends take the time that they take. */
  latency(): Promise<void> {
    return Promise.resolve()
  }

  async inventory(prefix = '') {
    const items: InventoryEntry[] = []
    for (const [type, objects] of await this.#everything())
      for (const object of objects) {
        const { id, name, tag, state } = viewOf(type, object, new Map()) as unknown as InventoryEntry
        if (tag.startsWith(prefix)) items.push({ id, type, name, tag, state })
      }
    // Both halves of a subnet are one.
    const whole = items.filter(
      (item, index) =>
        item.type !== 'segments' || item.tag === '' || items.findIndex(({ tag, type }) => type === item.type && tag === item.tag) === index,
    )
    const tags = whole.flatMap(({ tag }) => (tag === '' ? [] : [tag]))
    return { items: whole, duplicateTags: tags.filter((tag, index) => tags.indexOf(tag) !== index) }
  }

  mutations(since = 0): Promise<readonly Mutation[]> {
    return Promise.resolve(changesIn(this.#faults.calls).filter(({ seq }) => seq > since))
  }

  async stats() {
    const requests: Record<string, number> = {}
    for (const { service, method, path } of this.#faults.calls) {
      const sort = SORTS.find((one) => one.host === service && path.replace(/^\/v[\d.]+/, '').startsWith(one.path))
      const key = `${method} ${sort?.type ?? service}`
      requests[key] = (requests[key] ?? 0) + 1
    }
    const objects = Object.fromEntries([...(await this.#everything())].map(([type, list]) => [type, list.length]))
    return { objects, requests, lastMutation: this.#faults.calls.length }
  }

  async object(id: string) {
    const all = await this.#everything()
    for (const [type, objects] of all)
      for (const object of objects) if (object.id === id) return viewOf(type, object, all) as { readonly id: string }
    throw new Error(`OpenStack has no ${id}`)
  }

  async change(id: string, body: Readonly<Record<string, unknown>>) {
    const { type } = (await this.object(id)) as unknown as InventoryEntry
    const power = { on: 'os-start', off: 'os-stop' }[String(body['power'])]
    if (type !== 'servers' || power === undefined)
      throw new Error(`OpenStack cannot be told to change ${Object.keys(body).join()} of ${type}`)
    await this.#api.call('compute', { method: 'POST', path: `/servers/${id}/action`, body: { [power]: null } })
    return this.object(id)
  }

  async remove(id: string): Promise<void> {
    const { type } = (await this.object(id)) as unknown as InventoryEntry
    const { service, path } = sortOf(type)
    await this.#api.delete(service, `${path}/${id}`)
    while ((await this.inventory()).items.some((one) => one.id === id)) await sleep(200)
  }

  async quota(limits: Readonly<Record<string, number | null>>): Promise<void> {
    const project = await this.#api.projectId()
    for (const [type, limit] of Object.entries(limits)) {
      const quota = { [QUOTAS[type] ?? type]: limit ?? -1 }
      await this.#admin.call('network', { method: 'PUT', path: `/quotas/${project}`, body: { quota } })
    }
  }

  fault(order: Order): Promise<void> {
    this.#faults.add(faultOf(order))
    return Promise.resolve()
  }

  clearFaults(): Promise<void> {
    this.#faults.clear()
    return Promise.resolve()
  }

  /** All objects of the project by type; without what OpenStack has there by itself. */
  async #everything(): Promise<ReadonlyMap<string, readonly Native[]>> {
    const project = await this.#api.projectId()
    const lists = SORTS.map(async ({ type, service, list }) => {
      const objects = await this.#api.list(service, service === 'network' ? `${list}?project_id=${project}` : list)
      const isOurs = (one: Native) =>
        !String(one['device_owner'] ?? '').startsWith('network:') && !(type === 'firewalls' && tagOf(one) === '')
      return [type, objects.filter(isOurs)] as const
    })
    return new Map(await Promise.all(lists))
  }
}

/** Methods by which OpenStack does what the simulated cloud does by another. */
function faultOf({
  method,
  type,
  effect,
  times = 1,
  after = 0,
  status = 500,
  message = 'injected',
  retryAfterS,
  delayMs = 0,
}: Order): Fault {
  const all = type === undefined ? SORTS.map(({ path }) => path) : [sortOf(type).path]
  const place = `/v[\\d.]+(${all.join('|')})`
  const paths: Readonly<Record<string, RegExp>> = {
    POST: type === 'templates' ? /\/volumes\/[^/]+\/action$/ : new RegExp(`^${place}$`),
    PATCH: new RegExp(`^${place}/[^/?]+(/action)?$`),
    DELETE: new RegExp(`^${place}/[^/?]+$`),
    GET: new RegExp(`^${place}`),
  }
  const headers = retryAfterS === undefined ? {} : { headers: { 'retry-after': String(retryAfterS) } }
  const effects: Partial<Record<Order['effect'], Fault['effect']>> = {
    answer: { status, ...headers, body: { error: { message } } },
    drop: 'lose',
    cut: 'lose',
    hang: 'hang',
    refuse: 'cut',
    delay: { delayMs },
  }
  const found = effects[effect]
  if (found === undefined) throw new Error(`OpenStack cannot be told to ${effect}: skip this test unless isSimulated`)
  const methods = method === 'PATCH' ? ['PUT', 'PATCH', 'POST'] : method
  return { ...(methods === undefined ? {} : { method: methods }), path: paths[method ?? 'GET'] ?? /./, times, after, effect: found }
}
