import type { Call, Reply } from '../../stand-in/call.ts'
import type { IonosCloud } from './cloud.ts'
import { CPUS, IMAGES, LIMITS, LOCATIONS, TEMPLATES } from './offers.ts'
import { depthOf, paged } from './wire.ts'

/** What the cloud offers, and what the contract is. */
export function readOnlyRoute(cloud: IonosCloud, { method, path: [what = '', ...rest], query }: Call): Reply | undefined {
  if (method !== 'GET') return undefined
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
  // Countries of locations, and the contract, come whole.
  const form = (one: (typeof all)[number]) =>
    depthOf(query) > 0 || what === 'contracts' ? one : { id: one.id, type: one.type, href: one.href }
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
  const number = 31_000_000 + (Number.parseInt(cloud.account.slice(4, 10), 16) % 1_000_000)
  const contract = { contractNumber: number, owner: 'user@example.com', status: 'BILLABLE', regDomain: 'ionos.de' }
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
    contracts: [
      { ...wrap('contracts', 'contract')('', { ...contract, resourceLimits: { ...LIMITS, coresPerServer: 62, ramPerServer: 245_760 } }) },
    ],
  } as Readonly<Record<string, readonly { id: string; type: string; href: string; properties: object }[]>>
}
