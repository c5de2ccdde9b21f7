import { servers } from './compute.ts'
import { floatingIps, ports, routers } from './edge.ts'
import { filters, firewalls } from './filtering.ts'
import type { TypeDefinition } from './model.ts'
import { segments, uplinks, vpcs } from './network.ts'
import { projects, templates, volumes } from './storage.ts'

/** Everything this cloud sells, by collection. */
export const TYPES: Readonly<Record<string, TypeDefinition>> = {
  projects,
  volumes,
  templates,
  servers,
  vpcs,
  segments,
  routers,
  uplinks,
  firewalls,
  filters,
  ports,
  'floating-ips': floatingIps,
}
