import { describe, expect, it } from 'vitest'
import about from '../../../package.json' with { type: 'json' }
import { ago, brief, MINUTE, ward } from '../testing.ts'
import { flagOf, mountedSecrets } from '../workloads.ts'
import { workloads } from './pods.ts'

const deployment = (status: object, image = `registry.example:5000/seca-operator:${about.version}`) =>
  ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'seca-api', namespace: 'seca-system' },
    spec: {
      replicas: 2,
      template: {
        spec: {
          serviceAccountName: 'seca-api',
          containers: [{ name: 'api', image, args: ['api', '--token-issuer=https://issuer.example', '--token-audience', 'seca'] }],
          volumes: [{ secret: { secretName: 'seca-api-tls' } }, { projected: { sources: [{ secret: { name: 'more' } }, {}] } }, {}],
        },
      },
    },
    status,
  }) as never
const pod = (name: string, status: object) =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'seca-system' },
    spec: { serviceAccountName: 'seca-api', containers: [] },
    status,
  }) as never

describe('pods', () => {
  it('run elsewhere, or are all there', async () => {
    const one = ward()
    one.server.add({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stranger', namespace: 'seca-system' },
      spec: { containers: [] },
    } as never)
    expect(brief(await one.run(workloads))).toEqual(['ok: no pods of this operator in seca-system: its processes run elsewhere'])
    one.server.add(deployment({ availableReplicas: 2 }))
    expect(brief(await one.run(workloads))).toEqual(['ok: Deployment seca-api: 2 of 2 pods are available'])
  })

  it.each([
    ['some', { availableReplicas: 1 }, 'warn: Deployment seca-api: 1 of 2 pods are available'],
    ['none', {}, 'fail: Deployment seca-api: 0 of 2 pods are available'],
  ])('%s available', async (_, status, line) => {
    const one = ward()
    one.server.add(deployment(status))
    expect(brief(await one.run(workloads))).toEqual([line])
  })

  it.each([
    [
      'does not start',
      { containerStatuses: [{ name: 'api', restartCount: 5, state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } } }] },
      'fail: pod p does not run: CrashLoopBackOff: back-off',
    ],
    [
      'was killed lately',
      {
        containerStatuses: [
          { name: 'api', restartCount: 1, lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: ago(5 * MINUTE) } } },
        ],
      },
      'warn: pod p ended 5 min ago (OOMKilled, exit code 137) and was started anew, 1 times so far',
    ],
    [
      'is not ready',
      { conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'api' }] },
      'warn: pod p is not ready: ContainersNotReady: api',
    ],
    [
      'has no node',
      { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'full' }] },
      'warn: pod p has no node: Unschedulable: full',
    ],
  ])('one that %s', async (_, status, line) => {
    const one = ward()
    one.server.add(pod('p', status))
    expect(brief(await one.run(workloads))).toEqual([line])
  })

  it('that ended long ago and were started anew say nothing', async () => {
    const one = ward()
    one.server.add(
      pod('p', { containerStatuses: [{ name: 'api', restartCount: 1, lastState: { terminated: { finishedAt: ago(600 * MINUTE) } } }] }),
    )
    expect(brief(await one.run(workloads))).toEqual(['ok: 1 pods of this operator run'])
  })

  it('of another version are told', async () => {
    const one = ward()
    one.server.add(deployment({ availableReplicas: 2 }, 'seca-operator:9.9.9@sha256:abc'))
    expect(brief(await one.run(workloads))[1]).toBe(`warn: the pods run version 9.9.9, this doctor is ${about.version}`)
  })
})

describe('a Deployment', () => {
  it('tells its flags and the Secrets that it mounts', () => {
    const one = deployment({}) as Parameters<typeof flagOf>[0]
    expect([flagOf(one, '--token-issuer'), flagOf(one, '--token-audience'), flagOf(one, '--token')]).toEqual([
      'https://issuer.example',
      'seca',
      undefined,
    ])
    expect(mountedSecrets(one)).toEqual(['seca-api-tls', 'more'])
  })
})
