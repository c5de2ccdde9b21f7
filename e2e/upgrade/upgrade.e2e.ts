import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { wipe } from '../support/audit.ts'
import { ownedBy } from '../support/clear.ts'
import { kindOf } from '../support/manifest.ts'
import { adminClient, eventually, kubectl, type Stack, startStack } from '../support/harness.ts'
import { type Plane, startPlane } from '../support/plane.ts'
import type { Seen } from '../support/tenant.ts'

const RECORDED = join(import.meta.dirname, 'recorded')

/** The last change that the recorded cloud remembers. */
const SINCE = Math.max(
  0,
  ...readFileSync(join(RECORDED, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { mutation?: { seq: number } }).mutation?.seq ?? 0),
)

interface Recorded {
  readonly objects: readonly (Seen & { readonly status?: object })[]
}

/** `examples/acme` on an installation of before the second form of the provider contract, as it stood in the cluster and in the cloud. */
describe('an installation that was recorded', () => {
  const { objects } = JSON.parse(readFileSync(join(RECORDED, 'installation.json'), 'utf8')) as Recorded
  let plane: Plane
  let stack: Stack

  beforeAll(async () => {
    plane = await startPlane()
    const client = adminClient(plane.kubeconfig)
    try {
      for (const { status, ...object } of objects) {
        const input = JSON.stringify(object)
        await kubectl(['create', '-f', '-'], { ...plane, input })
        if (status === undefined) continue
        const { gvr } = kindOf(object.kind)
        const { metadata } = object
        const place = metadata.namespace === undefined ? [] : ['-n', metadata.namespace]
        const patch = JSON.stringify({ status })
        await kubectl(
          ['patch', `${gvr.resource}.${gvr.group}`, metadata.name, ...place, '--subresource=status', '--type=merge', '-p', patch],
          plane,
        )
      }
    } finally {
      await client.close()
    }
    stack = await startStack({ kubeconfig: plane.kubeconfig, journal: join(RECORDED, 'journal.jsonl'), characters: ['neat'] })
  })
  afterAll(async () => {
    await stack?.stop()
    await plane?.stop()
  })

  const all = async () => {
    const found: Seen[] = []
    for await (const { object } of ownedBy<Seen>(stack.client)) found.push(object)
    return found
  }
  const idOf = ({ metadata, status }: Seen) => [metadata.namespace, metadata.name, status?.externalId]

  it('goes on: everything is looked at and in order, and nothing is changed in the cloud', async () => {
    const before = (await all()).map(idOf)
    await kubectl(['annotate', 'seca', '--all', '-A', 'secapi.cloud/requested=upgrade'], plane)
    await eventually(async () => {
      for (const { kind, metadata, status } of await all())
        expect([kind, metadata.name, status?.['lastHandledRequest'], status?.conditions?.[0]]).toMatchObject([
          kind,
          metadata.name,
          'upgrade',
          { type: 'Ready', status: 'True', reason: 'Available' },
        ])
    })
    expect((await all()).map(idOf)).toEqual(before)
    expect(before.filter(([, , id]) => id !== undefined).length).toBeGreaterThanOrEqual(15)
    expect(await stack.cloud.mutations(SINCE)).toEqual([])
  })

  it('and is changed and taken away by what goes on with it', async () => {
    const volume = async () => (await all()).find(({ metadata }) => metadata.name === 'web-data')?.status
    const id = (await volume())?.externalId
    await kubectl(['patch', 'blockstorage', 'web-data', '-n', 'seca-acme--prod', '--type=merge', '-p', '{"spec":{"sizeGB":300}}'], plane)
    await eventually(async () => {
      expect(await volume()).toMatchObject({ state: 'active', sizeGB: 300, externalId: id })
    })
    await wipe(stack, plane)
    expect((await stack.cloud.inventory()).items).toEqual([])
  })
})
