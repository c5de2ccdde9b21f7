import { beforeEach, describe, expect, it } from 'vitest'
import { CREATOR, CREATOR_OF } from '../../kinds/names.ts'
import { RoleAssignment, Workspace } from '../../kinds/index.ts'
import { noAnswer } from '../../kube/memory-testing.ts'
import type { Written } from '../contract.ts'
import { SYSTEM_ROLES } from '../../kinds/authorization/system-roles.ts'
import { AUTHORIZATION, given, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
/** As `alice`, unless told. */
const create = (subject = 'alice', body: unknown = {}) => rig.app.call('PUT', `${WORKSPACES}/mine`, { body, subject })
const assignments = () => [...rig.cache.all('RoleAssignment')].map(({ metadata: { name }, spec }) => [name, spec]).toSorted()
const workspace = () => rig.stored('Workspace', 'mine')!

describe('who creates a workspace', () => {
  it('is its admin when the PUT is answered, and nothing of that is left in it', async () => {
    const told: Written[] = []
    rig = writeRig({ peers: { confirm: (written) => Promise.resolve(void told.push(written)) } })
    rig.isWatching = false
    const answer = await create()
    expect(answer.status).toBe(201)
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
    expect(rig.stored('RoleAssignment', 'creator.mine')?.metadata.annotations).toEqual({ [CREATOR_OF]: workspace().metadata.uid })
    expect(workspace().metadata.annotations).toEqual({})
    expect(answer.json['metadata']).toMatchObject({ resourceVersion: Number(workspace().metadata.resourceVersion) })
    expect(told.map(({ kind, key }) => `${kind} ${key}`)).toEqual(['RoleAssignment t/creator.mine', 'Workspace t/mine'])
    expect([...SYSTEM_ROLES.keys()]).toContain(Workspace.creatorRole)
  })

  it('is nobody through the aggregated door, whose names are other people’s', async () => {
    const path = '/apis/seca.workspace/v1/tenants/acme/workspaces/mine'
    expect((await rig.app.call('PUT', path, { body: {}, door: 'aggregated' })).status).toBe(201)
    expect([assignments(), workspace().metadata.annotations]).toEqual([[], undefined])
  })

  it('is not who changes it, nor who creates anything else', async () => {
    await create()
    expect((await create('bob', { labels: { a: 'b' } })).status).toBe(200)
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
  })

  it('gets the role once: what an administrator takes away stays away', async () => {
    await create()
    await rig.server.client.delete(RoleAssignment.gvr, 't', 'creator.mine')
    await create()
    expect(assignments()).toEqual([])
  })

  it('keeps what an administrator made of it', async () => {
    await create()
    const narrowed = { ...given('alice'), roles: ['seca.workspace-viewer'] }
    expect((await rig.put(`${AUTHORIZATION}/role-assignments/creator.mine`, { spec: narrowed })).status).toBe(200)
    rig.server.update({ ...workspace(), metadata: { ...workspace().metadata, annotations: { [CREATOR]: 'alice' } } })
    await create()
    expect(assignments()).toEqual([['creator.mine', narrowed]])
    expect(workspace().metadata.annotations).not.toHaveProperty([CREATOR])
  })
})

describe('an answer that is lost', () => {
  it.each(['workspaces', 'roleassignments'])('at the creation of %s: the PUT that is tried again brings the role', async (resource) => {
    rig.server.fault = {
      after: ({ method, path }) => (method === 'POST' && path.includes(resource) ? Promise.reject(noAnswer()) : undefined),
    }
    const lost = await create()
    expect(lost.status).toBe(resource === 'workspaces' ? 503 : 201)
    rig.server.fault = {}
    expect((await create()).status).toBe(200)
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
    expect(workspace().metadata.annotations).not.toHaveProperty([CREATOR])
  })

  it('before the role was written: so does one by another replica', async () => {
    rig.server.fault = {
      before: ({ method, path }) => (method === 'POST' && path.includes('roleassignments') ? Promise.reject(noAnswer()) : undefined),
    }
    expect((await create()).status).toBe(201)
    expect(assignments()).toEqual([])
    rig.server.fault = {}
    // Whoever else writes it in between gets nothing.
    await create('bob')
    expect(assignments()).toEqual([])
    await create()
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
  })

  it('is not waited for longer than clients try', async () => {
    let now = Date.now()
    rig = writeRig({ now: () => now })
    rig.add('Workspace', 'mine', { region: 'eu-1' }, { metadata: { annotations: { [CREATOR]: 'alice' } } })
    now += 3_600_000
    await create()
    expect(assignments()).toEqual([])
  })

  it('cannot be made up by a client', async () => {
    await create('bob', { annotations: { [CREATOR]: 'alice' } })
    await create('alice', { annotations: { [CREATOR]: 'alice' } })
    expect(assignments()).toEqual([['creator.mine', given('bob')]])
  })
})
