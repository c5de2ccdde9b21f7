import { expect } from 'vitest'
import { CREATED, changed } from '../asserts.ts'
import { another, CONFORMANCE, several } from '../fixtures.ts'
import type { Envelope } from '../../../support/seca.ts'
import type { Scenario } from '../steps.ts'
import { refuseEnvelopes } from './constraints.ts'

export const WORKSPACE: Readonly<Record<string, Scenario>> = {
  'Region.V1.ProviderQueries': async (steps) => {
    expect(await steps.names('seca.region', '/v1/regions', 'regions')).toContain(steps.region)
    const answer = await steps.get('seca.region', `/v1/regions/${steps.region}`)
    const { metadata, spec } = answer.json<Envelope>()
    expect(metadata).toMatchObject({
      name: steps.region,
      provider: 'seca.region/v1',
      resource: `regions/${steps.region}`,
      verb: 'GET',
      apiVersion: 'v1',
      kind: 'region',
      ref: `seca.region/v1/regions/${steps.region}`,
    })
    expect(spec).toMatchObject({ availableZones: expect.arrayContaining(['a']), providers: expect.arrayContaining([expect.any(Object)]) })
  },
  'Workspace.V1.ProviderLifeCycle': async (steps) => {
    const { workspace } = steps.fixtures()
    const seen = await steps.created(workspace)
    const updated = { ...workspace, labels: CONFORMANCE }
    await steps.update(updated, seen)
    await steps.active(updated, changed(CREATED))
    await steps.removed(updated)
  },
  'Workspace.V1.ProviderQueries': async (steps) => {
    const workspaces = several(steps.fixtures().workspace, 2)
    for (const workspace of workspaces) await steps.create(workspace)
    await steps.lists(workspaces, { isAll: false })
    await steps.removed(...workspaces)
  },
  'Workspace.V1.WorkspaceConstraintsValidation': async (steps) => refuseEnvelopes(steps, steps.fixtures().workspace),
  'Workspace.V1.WorkspaceError': async (steps) => {
    const { workspace, volume, instance } = steps.fixtures()
    await steps.refused('an unknown region', another(workspace, { region: 'non-existent-region' }))
    for (const of of [workspace, volume, instance]) await steps.created(of)
    await steps.removalRefused(workspace)
    await steps.removed(instance, volume, workspace)
  },
}
