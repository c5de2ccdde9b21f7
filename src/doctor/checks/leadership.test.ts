import { describe, expect, it } from 'vitest'
import { ago, brief, NOW, ward } from '../testing.ts'
import { leadership } from './leadership.ts'
import { replicas } from './replicas.ts'

const lease = (name: string, spec: object, labels = {}) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, namespace: 'seca-system', labels },
  spec,
})
const NAME = 'seca-controllers-0'

describe('leadership', () => {
  it('is held by who renews the Lease while it is looked at', async () => {
    const one = ward({ sleep: async () => void renew() })
    const renew = (renewTime = ago(0), name = NAME) =>
      one.server.update(lease(name, { holderIdentity: 'pod-a', leaseDurationSeconds: 15, renewTime }))
    renew(ago(1_000))
    expect(brief(await one.run(leadership))).toEqual([`ok: pod-a leads under Lease ${NAME}, and renews it`])
  })

  it('by a clock that is wrong is told', async () => {
    const one = ward({ sleep: async () => void renew(NOW + 60_000) })
    const renew = (at: number) =>
      one.server.update(lease(NAME, { holderIdentity: 'pod-a', leaseDurationSeconds: 15, renewTime: new Date(at).toISOString() }))
    renew(NOW)
    expect(brief(await one.run(leadership))[1]).toBe("warn: the clock of pod-a is 1 min ahead of kube-apiserver's")
  })

  it.each([
    ['nobody ever took', undefined, `fail: no controllers have ever worked here: Lease seca-system/${NAME} is not there`],
    ['was given back', { holderIdentity: '', renewTime: ago(1_000) }, `fail: nobody leads: Lease ${NAME} was given back`],
    [
      'nobody renews',
      { holderIdentity: 'pod-a', leaseDurationSeconds: 15, renewTime: ago(600_000) },
      `fail: pod-a holds Lease ${NAME} and does not renew it (last 10 min ago by its clock)`,
    ],
  ])('under a Lease that %s', async (_, spec, line) => {
    const one = ward()
    if (spec !== undefined) one.server.add(lease(NAME, spec))
    expect(brief(await one.run(leadership))).toEqual([line])
  })

  it('is looked at for every shard', async () => {
    const one = ward()
    for (const name of [NAME, 'seca-controllers-1', 'seca-api-x']) one.server.add(lease(name, { holderIdentity: '' }))
    expect(brief(await one.run(leadership))).toEqual([
      `fail: nobody leads: Lease ${NAME} was given back`,
      'fail: nobody leads: Lease seca-controllers-1 was given back',
    ])
  })
})

describe('replicas of the API', () => {
  const announce = (one: ReturnType<typeof ward>, name: string, renewTime: string) =>
    one.server.add(lease(name, { leaseDurationSeconds: 30, renewTime }, { 'secapi.cloud/api-replica': 'true' }))
  const deploy = (one: ReturnType<typeof ward>, count: number) =>
    one.server.add({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api', namespace: 'seca-system' },
      spec: { replicas: count, template: { spec: { serviceAccountName: 'seca-api', containers: [] } } },
    } as never)

  it('know each other, or one is alone', async () => {
    const one = ward()
    expect(brief(await one.run(replicas))).toEqual(['ok: no replica of the API announces itself; one alone need not'])
    deploy(one, 2)
    announce(one, 'seca-api-a', ago(5_000))
    announce(one, 'seca-api-gone', ago(300_000))
    expect(brief(await one.run(replicas))[0]).toMatch(/^warn: 1 of 2 replicas of the API have announced themselves/)
    announce(one, 'seca-api-b', ago(5_000))
    expect(brief(await one.run(replicas))).toEqual(['ok: 2 replicas of the API know each other'])
  })
})
