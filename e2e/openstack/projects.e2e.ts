import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { applyManifests, eventually, kubectl } from '../support/harness.ts'
import { everything, type Manifest, to } from '../support/manifest.ts'
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
    stack = await startOpenStackStack({
      region: cloud.region,
      user: cloud.admin,
      settings: { workspaces: 'projects' },
      flags: ['--drift-interval=3s'],
    })
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

  it('holds all that is in the workspace, and goes with it', { timeout: 600_000 }, async () => {
    const before = await projects()
    await applyManifests(manifests)
    await tenant.allReady(manifests, 240_000)
    const project = String((await tenant.get('Workspace', tenant.workspace)).status?.externalId)
    expect(await projects()).toEqual(expect.arrayContaining([...before, project]))
    expect(await inProject('/networks', project)).toEqual(['main'])
    expect(await inProject('/security-groups', project)).toEqual(expect.arrayContaining(['default', 'web']))
    const servers = await admin.list('compute', `/servers/detail?all_tenants=1&project_id=${project}`)
    expect(servers.map(({ name, status }) => [name, status])).toEqual([['web', 'ACTIVE']])

    // A second workspace of the tenant has its images, another tenant has not.
    const second = new Tenant(stack as never, tenant.name, 'second')
    await second.namespaces()
    const copy = second.of('BlockStorage', 'copy', { sizeGB: 60, skuRef: to('skus/rd2k'), sourceImageRef: to('images/base') })
    const stranger = await Tenant.make(stack as never)
    await applyManifests([second.of('Workspace', 'second', { region: 'eu-1' }), copy])
    await second.ready('BlockStorage', 'copy', 90_000)
    const image = String((await tenant.get('Image', 'base')).status?.externalId)
    const members = async () => {
      const { members: all } = await admin.call<{ members: { member_id: string; status: string }[] }>('image', {
        method: 'GET',
        path: `/images/${image}/members`,
      })
      return all.map(({ member_id: id, status }) => `${id} ${status}`)
    }
    const projectOf = async (workspace: string) => String((await second.get('Workspace', workspace)).status?.externalId)
    const theirs = await projectOf('second')
    expect(await members()).toEqual([`${theirs} accepted`])
    const { status: of } = await stranger.get('Workspace', stranger.workspace)
    const elsewhere = await admin.call<{ project: { name: string } }>('identity', {
      method: 'GET',
      path: `/projects/${String(of?.externalId)}`,
    })
    const other = new OpenStackApi({ ...cloud.admin, project: elsewhere.project.name })
    await expect(other.call('image', { method: 'GET', path: `/images/${image}` })).rejects.toMatchObject({ status: 404 })
    // One that comes later, and that uses nothing yet, has them, too; and what somebody takes away comes back.
    await admin.delete('image', `/images/${image}/members/${theirs}`)
    await second.apply(second.of('Workspace', 'third', { region: 'eu-1' }))
    await second.ready('Workspace', 'third')
    const third = await projectOf('third')
    await eventually(async () => expect((await members()).toSorted()).toEqual([`${theirs} accepted`, `${third} accepted`].toSorted()))
    await kubectl(['delete', 'workspace', 'third', '-n', tenant.home, '--timeout=60s'])
    expect(await members()).toEqual([`${theirs} accepted`])
    await kubectl(['delete', 'blockstorage', 'copy', '-n', second.space, '--timeout=60s'])
    await kubectl(['delete', 'workspace', 'second', '-n', tenant.home, '--timeout=60s'])
    await kubectl(['delete', 'workspace', stranger.workspace, '-n', stranger.home, '--timeout=60s'])

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
