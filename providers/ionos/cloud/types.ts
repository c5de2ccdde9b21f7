import type { StoredTypes } from '../../stand-in/store.ts'

const inside = { _parent: { to: [], onDelete: 'go' } } as const

/** What the stand-in keeps. Fields are the properties; those with an underscore are its own, and never shown. */
export const TYPES: StoredTypes = {
  datacenters: { links: {} },
  lans: { links: inside },
  volumes: { links: { ...inside, _server: { to: ['servers'], onDelete: 'drop' } } },
  servers: { links: { ...inside, _boot: { to: ['volumes'], onDelete: 'drop' }, _groups: { to: ['securitygroups'], onDelete: 'drop' } } },
  nics: { links: { ...inside, _lan: { to: ['lans'], onDelete: 'keep' }, _groups: { to: ['securitygroups'], onDelete: 'drop' } } },
  securitygroups: { links: inside },
  rules: { links: inside },
  ipblocks: { links: {} },
  snapshots: { links: {} },
  requests: { links: { _targets: { to: [], onDelete: 'keep' } } },
}

/** Types by the path of their collection; `*` is an id. */
export const PLACES: Readonly<Record<string, string>> = {
  datacenters: 'datacenters',
  'datacenters/*/lans': 'lans',
  'datacenters/*/volumes': 'volumes',
  'datacenters/*/servers': 'servers',
  'datacenters/*/servers/*/nics': 'nics',
  'datacenters/*/securitygroups': 'securitygroups',
  'datacenters/*/securitygroups/*/rules': 'rules',
  ipblocks: 'ipblocks',
  snapshots: 'snapshots',
}

export const WIRE_TYPES: Readonly<Record<string, string>> = {
  datacenters: 'datacenter',
  lans: 'lan',
  volumes: 'volume',
  servers: 'server',
  nics: 'nic',
  securitygroups: 'security-group',
  rules: 'firewall-rule',
  ipblocks: 'ipblock',
  snapshots: 'snapshot',
}

/** What lies in an object, by the name of the entity. */
export const ENTITIES: Readonly<Record<string, readonly string[]>> = {
  datacenters: ['servers', 'volumes', 'lans'],
  servers: ['volumes', 'nics', 'securitygroups'],
  lans: ['nics'],
  nics: ['securitygroups'],
  securitygroups: ['rules'],
}
