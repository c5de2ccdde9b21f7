import { beforeEach, describe, expect, it } from 'vitest'
import { CREATOR, CREATOR_OF } from '../../kinds/names.ts'
import { RoleAssignment, Workspace } from '../../kinds/index.ts'
import type { Resource } from '../../kinds/resource.ts'
import { noAnswer } from '../../kube/memory-testing.ts'
import type { Written } from '../contract.ts'
import { SYSTEM_ROLES } from '../path/system-roles.ts'
import { AUTHORIZATION, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
const given = (sub: string, workspace = 'mine') => ({
  subs: [sub],
  roles: ['seca.workspace-admin'],
  scopes: [{ regions: ['eu-1'], workspaces: [workspace] }],
})
/** As `alice`, unless told. */
const create = (subject = 'alice', body: unknown = {}) => rig.app.call('PUT', `${WORKSPACES}/mine`, { body, subject })
const assignments = () => [...rig.cache.all('RoleAssignment')].map(({ metadata: { name }, spec }) => [name, spec]).toSorted()
const workspace = () => rig.stored('Workspace', 'mine')!
async function forget(): Promise<void> {
  await rig.server.client.delete(Workspace.gvr, 't', 'mine')
}
const second = () => expect.stringMatching(/^creator\.mine\.[0-9a-f]{10}$/) as string

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

describe('names of role assignments are the tenant’s', () => {
  const others = { subs: ['carol'], roles: ['seca.admin'], scopes: [{}] }
  it.each([
    ['a tenant’s own', others, {}, undefined],
    ['one of our form that we did not write', given('carol'), {}, undefined],
    ['one that only looks marked', { ...given('carol'), roles: ['seca.admin'] }, { [CREATOR_OF]: 'old' }, undefined],
    ['a left one that somebody added subjects to', { ...given('carol'), subs: ['carol', 'dave'] }, { [CREATOR_OF]: 'old' }, undefined],
    [
      'a left one that holds elsewhere too',
      { ...given('carol'), scopes: [{ regions: ['eu-1'], workspaces: ['mine', 'w2'] }] },
      { [CREATOR_OF]: 'old' },
      undefined,
    ],
    ['a left one that holds everywhere', { ...given('carol'), scopes: [{ regions: ['eu-1'] }] }, { [CREATOR_OF]: 'old' }, undefined],
    ['a left one with a second scope', { ...given('carol'), scopes: [...given('carol').scopes, {}] }, { [CREATOR_OF]: 'old' }, undefined],
    ['a left one that GitOps took over', given('carol'), { [CREATOR_OF]: 'old' }, 'kustomize-controller'],
  ])('%s stays as it is', async (_name, spec, annotations, manager) => {
    rig.add('RoleAssignment', 'creator.mine', spec, { metadata: { annotations }, manager: manager ?? 'seca-api' })
    const before = rig.stored('RoleAssignment', 'creator.mine')
    expect((await create()).status).toBe(201)
    expect(rig.stored('RoleAssignment', 'creator.mine')).toEqual(before)
    expect(assignments()).toEqual([
      ['creator.mine', spec],
      [second(), given('alice')],
    ])
  })

  it('also when it is on the way out', async () => {
    const metadata = { annotations: { [CREATOR_OF]: 'old' }, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['x'] }
    rig.add('RoleAssignment', 'creator.mine', given('carol'), { metadata, manager: 'seca-api' })
    await create()
    expect(assignments()).toEqual([
      ['creator.mine', given('carol')],
      [second(), given('alice')],
    ])
  })

  it('a second one is not needed when the creator has the very role already', async () => {
    rig.add('RoleAssignment', 'creator.mine', given('alice'))
    await create()
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
  })

  it('and when both are taken, the workspace is there all the same', async () => {
    rig.server.fault = {
      before: ({ method, path }) => {
        if (method === 'POST' && path.includes('roleassignments'))
          for (const name of ['creator.mine', (rig.server.seen.at(-1)?.body as Resource).metadata.name])
            if (rig.stored('RoleAssignment', name) === undefined) rig.add('RoleAssignment', name, others)
      },
    }
    expect((await create()).status).toBe(201)
    expect(assignments().map(([, spec]) => spec)).toEqual([others, others])
  })
})

describe('a workspace that is made again', () => {
  it('does not let its earlier creator in', async () => {
    await create('carol')
    await forget()
    await create('alice')
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
    expect(rig.stored('RoleAssignment', 'creator.mine')?.metadata.annotations).toEqual({ [CREATOR_OF]: workspace().metadata.uid })
  })

  it('by the same creator has an assignment of its own, which goes with it alone', async () => {
    await create()
    const { uid } = rig.stored('RoleAssignment', 'creator.mine')!.metadata
    await forget()
    await create()
    expect(rig.stored('RoleAssignment', 'creator.mine')?.metadata.uid).not.toBe(uid)
  })

  it('keeps its creator’s assignment when the earlier creator’s comes late', async () => {
    let isLate = true
    rig.server.fault = {
      before: async ({ method, path }) => {
        if (method !== 'POST' || !path.includes('roleassignments') || !isLate) return
        // The workspace goes and comes back, with its creator, while carol's assignment is on its way.
        isLate = false
        await forget()
        const remade = rig.add('Workspace', 'mine', { region: 'eu-1' })
        rig.add('RoleAssignment', 'creator.mine', given('alice'), {
          metadata: { annotations: { [CREATOR_OF]: remade.metadata.uid } },
          manager: 'seca-api',
        })
      },
    }
    await create('carol')
    expect(assignments()).toEqual([['creator.mine', given('alice')]])
  })

  it('is not its earlier creator’s when the assignment came after its end', async () => {
    rig.server.fault = {
      after: async ({ method, path }) => {
        if (method === 'POST' && path.includes('roleassignments')) await forget()
      },
    }
    await create('carol')
    expect(assignments()).toEqual([])
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
