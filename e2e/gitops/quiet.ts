import { expect } from 'vitest'
import { objectsOf } from '../support/audit.ts'
import { eventually, type Stack } from '../support/harness.ts'
import { kstatus } from '../support/kstatus.ts'
import type { Tenant } from '../support/tenant.ts'

/** Version of each object of a tenant: any write, whoever makes it, changes it. */
async function versions(stack: Pick<Stack, 'client'>, tenant: Tenant): Promise<Map<string, string>> {
  const objects = await objectsOf(stack, tenant)
  return new Map(objects.map(({ kind, metadata }) => [`${kind} ${metadata.name}`, metadata.resourceVersion ?? '']))
}

/** Waits until everything of a tenant is in order, and was not written for a second. */
export async function settled(stack: Pick<Stack, 'client'>, tenant: Tenant): Promise<void> {
  await eventually(
    async () => {
      const before = await versions(stack, tenant)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      const objects = await objectsOf(stack, tenant)
      expect(objects.filter((object) => kstatus(object) !== 'Current').map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([])
      expect(await versions(stack, tenant)).toEqual(before)
    },
    { timeoutMs: 90_000 },
  )
}

/** Which of a tenant's objects were written, made or deleted while something else went on. */
export async function quiet(stack: Pick<Stack, 'client'>, tenant: Tenant, meanwhile: () => Promise<void>): Promise<string[]> {
  const before = await versions(stack, tenant)
  await meanwhile()
  const after = await versions(stack, tenant)
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name))
}
