import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { applyManifests, eventually, kubectl } from '../support/harness.ts'
import { everything, type Manifest } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import { OpenStackApi } from './api.ts'
import { type OpenStack, startOpenStack } from './bed/bed.ts'
import { lackingForOpenStack } from './bed/venv.ts'
import { startOpenStackStack } from './stack.ts'

describe.skipIf((await lackingForOpenStack()) !== undefined)('a project for each workspace', () => {
  let cloud: OpenStack
  let stack: Awaited<ReturnType<typeof startOpenStackStack>>
  let admin: OpenStackApi
  let tenant: Tenant
  let manifests: Manifest[]

  beforeAll(async () => {
    cloud = await startOpenStack({ progress: createProgress(process.stdout) })
    admin = new OpenStackApi(cloud.admin)
    stack = await startOpenStackStack({ region: cloud.region, user: cloud.admin, settings: { workspaces: 'projects' } })
    tenant = await Tenant.make(stack as never, { bare: true })
    manifests = everything(tenant, tenant.workspace)
  }, 600_000)
  afterAll(async () => {
    await stack?.stop()
    await cloud?.stop()
  })

  const projects = async () => (await admin.list('identity', '/projects')).map(({ id }) => id)
  const inProject = async (path: string, project: string) =>
    (await admin.list('network', `${path}?project_id=${project}`)).map(({ name }) => name)

  it('holds all that is in the workspace, and goes with it', { timeout: 400_000 }, async () => {
    const before = await projects()
    await applyManifests(manifests)
    await tenant.allReady(manifests, 240_000)
    const project = String((await tenant.get('Workspace', tenant.workspace)).status?.externalId)
    expect(await projects()).toEqual(expect.arrayContaining([...before, project]))
    expect(await inProject('/networks', project)).toEqual(['main'])
    expect(await inProject('/security-groups', project)).toEqual(expect.arrayContaining(['default', 'web']))
    const servers = await admin.list('compute', `/servers/detail?all_tenants=1&project_id=${project}`)
    expect(servers.map(({ name, status }) => [name, status])).toEqual([['web', 'ACTIVE']])

    // What somebody else put there keeps it.
    const made = await admin.call<{ network: { id: string } }>('network', {
      method: 'POST',
      path: '/networks',
      body: { network: { name: 'stranger', project_id: project } },
    })
    await kubectl(['delete', '-f', '-', '--wait=false'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }) })
    await eventually(
      async () => {
        const { status } = await tenant.get('Workspace', tenant.workspace)
        expect(JSON.stringify(status?.conditions)).toContain(`still holds networks ${made.network.id}`)
      },
      { timeoutMs: 120_000 },
    )
    await admin.delete('network', `/networks/${made.network.id}`)
    await tenant.gone('Workspace', tenant.workspace, 120_000)
    expect(await projects()).toEqual(before)
    // Asked for by project, Neutron would make the default one.
    const groups = await admin.list('network', '/security-groups')
    expect(groups.filter(({ project_id: of }) => of === project)).toEqual([])
  })
})
