import type { Call } from '../openstack/faults.ts'

/** What OpenStack calls its services, in the order of the tables. */
const SERVICES = {
  keystone: 'Keystone',
  cinder: 'Cinder',
  glance: 'Glance',
  neutron: 'Neutron',
  nova: 'Nova',
  placement: 'Placement',
} as const
const SERVICE_NAMES = Object.entries(SERVICES)

/** Requests by service and method, as `Cinder 2 GET, 1 POST; Nova 1 GET`. */
export function byService(calls: readonly Call[]): string {
  return SERVICE_NAMES.flatMap(([service, name]) => {
    const counts = [...countBy(calls.filter((call) => call.service === service).map(({ method }) => method))]
    return counts.length === 0 ? [] : [`${name} ${counts.map(([method, count]) => `${count} ${method}`).join(', ')}`]
  }).join('; ')
}

/** Requests by what they ask for, ids and values left out, most frequent first: for whoever looks for one that is not needed. */
export function byShape(calls: readonly Call[]): readonly string[] {
  return [...countBy(calls.map(shapeOf))].toSorted(([, a], [, b]) => b - a).map(([shape, count]) => `${count} × ${shape}`)
}

function shapeOf({ service, method, path, status }: Call): string {
  const [place = '', query = ''] = path.split('?')
  const keys = [...new Set(new URLSearchParams(query).keys())].toSorted().join('&')
  const shape = `${service} ${method} ${place.replace(/[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/g, '…')}${keys && `?${keys}`}`
  return status < 400 ? shape : `${shape} (${status})`
}

function countBy(words: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]))
}
