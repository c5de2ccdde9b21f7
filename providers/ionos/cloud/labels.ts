import type { Call, Reply } from '../../stand-in/call.ts'
import { type CloudObject, Refusal } from '../../stand-in/model.ts'
import type { IonosCloud } from './cloud.ts'
import { WIRE_TYPES } from './types.ts'
import { depthOf, hrefOf, paged, reference } from './wire.ts'

const CARRIERS = ['datacenters', 'servers', 'volumes', 'snapshots', 'ipblocks']

/** Labels of one object: a call each, done at once. */
export function labelRoute(cloud: IonosCloud, { method, body, query }: Call, object: CloudObject, key: string | undefined): Reply {
  if (!CARRIERS.includes(object.type)) throw new Refusal(404, '309', 'Resource does not exist')
  const shown = ([name, value]: readonly [string, string]) => ({
    id: name,
    type: 'label',
    href: `${reference(cloud, object).href}/labels/${name}`,
    properties: { key: name, value },
  })
  const sent = (body as { properties?: { key?: string; value?: string } }).properties
  const write = (labels: CloudObject['labels']) => cloud.atOnce({ ...object, labels }, 'api', ['labels'])
  if (key === undefined) {
    if (method === 'GET')
      return { status: 200, body: paged(Object.entries(object.labels), query, cloud.switches.listCap, hrefOf(cloud, object), shown) }
    const { key: name = '', value = '' } = sent ?? {}
    if (method !== 'POST' || name === '') throw new Refusal(422, '100', '[(root).properties.key] is required')
    if (object.labels[name] !== undefined) throw new Refusal(422, '100', `label ${name} exists`)
    write({ ...object.labels, [name]: value })
    return { status: 201, body: shown([name, value]) }
  }
  const { [key]: value, ...others } = object.labels
  if (value === undefined) throw new Refusal(404, '309', 'Resource does not exist')
  if (method === 'GET') return { status: 200, body: shown([key, value]) }
  if (method === 'DELETE') write(others)
  else if (method === 'PUT') write({ ...others, [key]: sent?.value ?? '' })
  else throw new Refusal(405, '300', 'Method not allowed')
  return { status: 200, ...(method === 'PUT' ? { body: shown([key, sent?.value ?? '']) } : {}) }
}

/** All labels of the account. */
export function labelsOfAll(cloud: IonosCloud, { query }: Call): Reply {
  const all = CARRIERS.flatMap((type) =>
    Array.from(cloud.store.all(type).values()).flatMap((object) =>
      Object.entries(object.labels).map(([key, value]) => ({ object, key, value })),
    ),
  )
  const filters = Array.from(query).filter(([name]) => name.startsWith('filter.'))
  const shown = all.map(({ object, key, value }) => {
    const resourceType = WIRE_TYPES[object.type] ?? ''
    const href = reference(cloud, object).href
    const properties = { key, value, resourceId: object.id, resourceType, resourceHref: href }
    return {
      id: `urn:label:${resourceType}:${object.id}:${key}`,
      type: 'label',
      href: `${cloud.origin}/cloudapi/v6/labels/urn:label:${resourceType}:${object.id}:${key}`,
      properties,
    }
  })
  const found = shown.filter(({ properties }) =>
    filters.every(([name, part]) =>
      String((properties as Record<string, unknown>)[name.slice(7)] ?? '')
        .toLowerCase()
        .includes(part.toLowerCase()),
    ),
  )
  const form =
    depthOf(query) > 0 ? (one: (typeof shown)[number]) => one : ({ id, type, href }: (typeof shown)[number]) => ({ id, type, href })
  // Alone among the lists it has no pages.
  return { status: 200, body: { id: 'labels', type: 'collection', href: `${cloud.origin}/cloudapi/v6/labels`, items: found.map(form) } }
}
