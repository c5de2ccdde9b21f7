import { beforeEach, describe, expect, it } from 'vitest'
import { CREATOR_OF } from '../../kinds/names.ts'
import { Workspace } from '../../kinds/index.ts'
import type { Resource } from '../../kinds/resource.ts'
import { given, WORKSPACES, type WriteRig, writeRig } from './testing.ts'

let rig: WriteRig
beforeEach(() => {
  rig = writeRig()
})
/** As `alice`, unless told. */
const create = (subject = 'alice', body: unknown = {}) => rig.app.call('PUT', `${WORKSPACES}/mine`, { body, subject })
const assignments = () => [...rig.cache.all('RoleAssignment')].map(({ metadata: { name }, spec }) => [name, spec]).toSorted()
const workspace = () => rig.stored('Workspace', 'mine')!
/** The workspace is deleted, and the controllers are done with it. */
async function forget(): Promise<void> {
  const { metadata, ...rest } = rig.stored('Workspace', 'mine')!
  rig.server.update({ ...rest, metadata: { ...metadata, finalizers: [] } })
  await rig.server.client.delete(Workspace.gvr, 't', 'mine')
}
const second = () => expect.stringMatching(/^creator\.mine\.[0-9a-f]{10}$/) as string

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
    ['a left one that somebody labelled', given('carol'), { [CREATOR_OF]: 'old' }, undefined, { team: 'carol' }],
    ['a left one that somebody wrote a note on', given('carol'), { [CREATOR_OF]: 'old', note: 'keep' }, undefined],
    ['a left one that somebody put again', given('carol'), { [CREATOR_OF]: 'old', 'secapi.cloud/requested': '1@x' }, undefined],
  ])('%s stays as it is', async (_name, spec, annotations, manager, labels: Readonly<Record<string, string>> = {}) => {
    rig.add('RoleAssignment', 'creator.mine', spec, { metadata: { annotations, labels }, manager: manager ?? 'seca-api' })
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
