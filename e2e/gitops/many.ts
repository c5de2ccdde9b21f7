import { type Manifest, to } from '../support/manifest.ts'
import { objectsOf } from '../support/audit.ts'
import type { Stack } from '../support/harness.ts'
import { REGION } from '../support/names.ts'
import type { Tenant } from '../support/tenant.ts'

/** A workspace with so many resources of three kinds. */
export function manyOf(tenant: Tenant, count: number): Manifest[] {
  const one = (index: number): Manifest => {
    if (index % 5 === 0) return tenant.of('BlockStorage', `v-${index}`, { sizeGB: 50, skuRef: to('skus/rd500') })
    if (index % 5 === 1) return tenant.of('PublicIp', `ip-${index}`, { version: 'IPv4' })
    return tenant.of('SecurityGroupRule', `rule-${index}`, { direction: 'egress', protocol: 'tcp', ports: { list: [1_000 + index] } })
  }
  return [tenant.of('Workspace', tenant.workspace, { region: REGION }), ...Array.from({ length: count }, (_, index) => one(index))]
}

/**
 * When all of a tenant's objects were there, and when the last got ready, in seconds after a time of the clock: by what the objects
 * themselves say, to the second, so that nobody has to look meanwhile.
 */
export async function milestones(stack: Pick<Stack, 'client'>, tenant: Tenant, start: number): Promise<{ applied: number; ready: number }> {
  const objects = await objectsOf(stack, tenant)
  const last = (times: readonly (string | undefined)[]) =>
    Math.max(0, Math.round((Math.max(...times.map((time) => Date.parse(time ?? ''))) - start) / 1_000))
  return {
    applied: last(objects.map(({ metadata }) => metadata.creationTimestamp)),
    ready: last(objects.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime)),
  }
}
