import type { Call, Reply } from '../../stand-in/call.ts'
import type { IonosCloud } from './cloud.ts'
import { CPUS, IMAGES, LIMITS, LOCATIONS, TEMPLATES } from './offers.ts'
import { depthOf, paged } from './wire.ts'

/** What the cloud offers, and what the contract is. */
export function readOnlyRoute(cloud: IonosCloud, { method, path: [what = '', ...rest], query }: Call): Reply | undefined {
  if (method !== 'GET') return undefined
  if (what === 'contracts') return { status: 200, body: contracts(cloud) }
  const all = collections(cloud)[what]
  if (all === undefined) return undefined
  const id = rest.join('/')
  const filters = Array.from(query).filter(([key]) => key.startsWith('filter.'))
  const found = all.filter(({ properties }) =>
    filters.every(([key, part]) =>
      String((properties as Record<string, unknown>)[key.slice(7)] ?? '')
        .toLowerCase()
        .includes(part.toLowerCase()),
    ),
  )
  if (id !== '') {
    const one = all.find((object) => object.id === id)
    return one && { status: 200, body: one }
  }
  const form = (one: (typeof all)[number]) => (depthOf(query) > 0 ? one : { id: one.id, type: one.type, href: one.href })
  return { status: 200, body: paged(found, query, cloud.switches.listCap, `${cloud.origin}/cloudapi/v6/${what}`, form) }
}

function collections(cloud: IonosCloud) {
  const wrap = (what: string, type: string) => (id: string, properties: object) => ({
    id,
    type,
    href: `${cloud.origin}/cloudapi/v6/${what}/${id}`,
    properties,
  })
  const location = wrap('locations', 'location')
  const image = wrap('images', 'image')
  const template = wrap('templates', 'template')
  return {
    locations: LOCATIONS.map((id) =>
      location(id, {
        name: id.split('/')[1],
        features: ['SSD'],
        imageAliases: IMAGES.filter((one) => one.location === id).map(({ alias }) => alias),
        cpuArchitecture: CPUS,
      }),
    ),
    images: IMAGES.map(({ id, name, alias, location: where }) =>
      image(id, {
        name,
        description: '',
        location: where,
        size: 3,
        licenceType: 'LINUX',
        imageType: 'HDD',
        public: true,
        imageAliases: [alias],
        cloudInit: 'V1',
      }),
    ),
    templates: TEMPLATES.map(({ id, ...properties }) => template(id, properties)),
  } as Readonly<Record<string, readonly { id: string; type: string; href: string; properties: object }[]>>
}

/** Contracts of the user, whole and without ids. */
function contracts({ account, origin }: IonosCloud) {
  const contractNumber = 31_000_000 + (Number.parseInt(account.slice(4, 10), 16) % 1_000_000)
  const resourceLimits = { ...LIMITS, coresPerServer: 62, ramPerServer: 245_760 }
  const properties = { contractNumber, owner: 'user@example.com', status: 'BILLABLE', regDomain: 'ionos.de', resourceLimits }
  return { id: 'contracts', type: 'collection', href: `${origin}/cloudapi/v6/contracts`, items: [{ type: 'contract', properties }] }
}
