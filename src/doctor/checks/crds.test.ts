import { describe, expect, it } from 'vitest'
import { KUBERNETES } from '../../kube/builtin.ts'
import { brief, installed, ward } from '../testing.ts'
import { apiServicePolicy } from '../../schema/policy.ts'
import { difference } from '../subset.ts'
import { crds } from './crds.ts'
import { policy } from './policy.ts'

const NAME = 'instances.compute.secapi.cloud'
const patient = () => {
  const one = ward()
  installed(one)
  return one
}
const change = (one: ReturnType<typeof ward>, body: object) => one.server.change('CustomResourceDefinition', undefined, NAME, body)

describe('kinds', () => {
  it('are in order when all are there, served, and as in this version', async () => {
    expect(brief(await patient().run(crds))).toEqual([
      expect.stringMatching(/^ok: \d+ kinds are installed, served, and as in this version$/),
    ])
  })

  it.each([
    [
      'not served',
      { status: { conditions: [{ type: 'Established', status: 'False', reason: 'No', message: 'because' }] } },
      `fail: ${NAME} is not served: No: because`,
    ],
    [
      'stored in a version that nobody knows',
      { status: { storedVersions: ['v1', 'v9'] } },
      `fail: objects of ${NAME} may be stored as v9, which this version does not know`,
    ],
    ['other than here', { spec: { names: { plural: 'x' } } }, `warn: ${NAME} differs from this version's, first in spec.names.plural`],
  ])('%s', async (_, body, line) => {
    const one = patient()
    change(one, body)
    expect(brief(await one.run(crds))).toEqual([line])
  })

  it('missing, or on their way out', async () => {
    const one = patient()
    await one.server.client.delete(KUBERNETES.CustomResourceDefinition, undefined, NAME)
    expect(brief(await one.run(crds))).toEqual([`fail: ${NAME} is not installed`])
    const [nothing] = await ward().run(crds)
    expect(nothing).toMatchObject({ verdict: 'fail', todo: expect.stringContaining('helm upgrade') })
  })

  it('that may not be read are told as such', async () => {
    const one = patient()
    one.state.may = (what) => !what.endsWith('customresourcedefinitions')
    const found = await one.run(crds)
    expect(new Set(found.map(({ verdict }) => verdict))).toEqual(new Set(['unchecked']))
    expect(found[0]?.todo).toContain('administrator')
  })
})

describe('the policy on tenant labels', () => {
  it('is in force, missing, or weakened', async () => {
    const one = patient()
    expect(brief(await one.run(policy))).toEqual(['ok: only who may bind tenants.operator.secapi.cloud says whose a namespace is'])
    one.server.change('ValidatingAdmissionPolicyBinding', undefined, 'seca-tenant-labels', { spec: { validationActions: ['Audit'] } })
    expect(brief(await one.run(policy))).toEqual([
      "fail: ValidatingAdmissionPolicyBinding seca-tenant-labels differs from this version's, first in spec.validationActions[0]",
    ])
    await one.server.client.delete(KUBERNETES.ValidatingAdmissionPolicy, undefined, 'seca-tenant-labels')
    expect(brief(await one.run(policy))[0]).toBe('fail: ValidatingAdmissionPolicy seca-tenant-labels is missing')
  })
})

describe('the policy on APIServices', () => {
  it('is needed where the controllers keep them', async () => {
    const one = patient()
    const spec = {
      serviceAccountName: 'seca-controllers',
      containers: [{ name: 'c', args: ['controllers', '--aggregation-service=x:443'] }],
    }
    one.server.add({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'c', namespace: 'seca-system' },
      spec: { template: { spec } },
    } as never)
    expect(brief(await one.run(policy))).toEqual([
      'fail: ValidatingAdmissionPolicy seca-api-services is missing',
      'fail: ValidatingAdmissionPolicyBinding seca-api-services is missing',
    ])
    for (const object of apiServicePolicy('seca-controllers', 'seca-system')) one.server.add(object as never)
    expect((await one.run(policy)).map(({ verdict }) => verdict)).toEqual(['ok'])
  })
})

describe('a difference', () => {
  it.each([
    [{ a: 1 }, { a: 1, b: 2 }, undefined],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2, c: 3 }] }, undefined],
    [{ a: [1] }, { a: [1, 2] }, '.a'],
    [{ a: { b: 1 } }, { a: {} }, '.a.b'],
    [{ a: { b: 1 } }, {}, '.a'],
    [{ a: undefined }, {}, undefined],
    [1, 2, '.'],
  ])('%j → %j: %s', (wanted, actual, place) => expect(difference(wanted, actual)).toBe(place))
})
