import { describe, expect, it } from 'vitest'
import { type Attempt, brief, ward } from '../testing.ts'
import { rights } from './rights.ts'

const CONTROLLERS = 'system:serviceaccount:seca-system:seca-controllers'
const API = 'system:serviceaccount:seca-system:seca-api'
const isNeeded = ({ resource, verb, namespace }: Attempt) =>
  verb !== '*' && !(resource === 'secrets' && (verb === 'list' || namespace === undefined))

describe('rights', () => {
  it('of both accounts are asked for, one by one', async () => {
    const one = ward()
    one.state.allows = isNeeded
    expect(brief(await one.run(rights))).toEqual([
      expect.stringMatching(/^ok: ServiceAccount seca-controllers may do all that it needs \(\d{2,} rights asked\)$/),
      expect.stringMatching(/^ok: ServiceAccount seca-api may do all that it needs/),
    ])
  })

  it('that are missing are named', async () => {
    const one = ward()
    one.state.allows = (attempt, user) =>
      isNeeded(attempt) &&
      !(user === API && attempt.resource === 'tokenreviews') &&
      !(user === CONTROLLERS && attempt.subresource === 'status' && attempt.resource === 'nics')
    expect(brief(await one.run(rights))).toEqual([
      'fail: ServiceAccount seca-controllers may not patch nics/status.network.secapi.cloud',
      'fail: ServiceAccount seca-api may not create tokenreviews.authentication.k8s.io',
    ])
  })

  it('in the namespaces of tenants alone will do for what lives there', async () => {
    const one = ward()
    const namespace = (name: string) =>
      one.server.add({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'secapi.cloud/tenant': 't' } } })
    namespace('seca-a')
    namespace('seca-b')
    one.state.allows = (attempt) => isNeeded(attempt) && !(attempt.resource === 'instances' && attempt.namespace === undefined)
    expect((await one.run(rights)).map(({ verdict }) => verdict)).toEqual(['ok', 'ok'])
    one.state.allows = (attempt) => isNeeded(attempt) && !(attempt.resource === 'instances' && attempt.namespace !== 'seca-a')
    expect(brief(await one.run(rights))[0]).toMatch(/^fail: .* in seca-b/)
  })

  it('in the namespaces that the processes are told of are asked for there, and nowhere else', async () => {
    const one = ward()
    for (const name of ['controllers', 'api']) {
      const spec = {
        serviceAccountName: `seca-${name}`,
        containers: [{ name, args: [name, '--namespaces=seca-a,seca-b', '--declared-file=x'] }],
      }
      one.server.add({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace: 'seca-system' },
        spec: { template: { spec } },
      } as never)
    }
    const isInTenants = ({ resource, namespace }: Attempt) =>
      !['instances', 'workspaces', 'roles'].includes(resource) || ['seca-a', 'seca-b'].includes(namespace ?? '')
    const isNamed = ({ resource, verb, name }: Attempt) => resource !== 'namespaces' || (name !== undefined && verb !== 'create')
    one.state.allows = (attempt) => isNeeded(attempt) && isInTenants(attempt) && isNamed(attempt)
    expect((await one.run(rights)).map(({ verdict }) => verdict)).toEqual(['ok', 'ok'])
    one.state.allows = (attempt) => isNeeded(attempt) && attempt.namespace !== 'seca-b'
    expect(brief(await one.run(rights))).toEqual([
      expect.stringMatching(/^fail: ServiceAccount seca-controllers may not .* in seca-b$/),
      expect.stringMatching(/^fail: ServiceAccount seca-api may not .* in seca-b$/),
    ])
  })

  it('of duties that the controllers are given are needed, too', async () => {
    const one = ward()
    const args = [
      'controllers',
      '--tls-secret=seca-api-tls',
      '--tls-managed',
      '--aggregation-service=x:443',
      '--declared-file=x',
      '--declared-prune',
    ]
    const spec = { serviceAccountName: 'seca-controllers', containers: [{ name: 'controllers', args }] }
    one.server.add({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'c', namespace: 'seca-system' },
      spec: { template: { spec } },
    } as never)
    const more = ({ resource, verb, name }: Attempt) =>
      resource === 'apiservices' ||
      resource === 'endpointslices' ||
      (resource === 'secrets' && verb === 'patch' && name === 'seca-api-tls-ca')
    one.state.allows = (attempt) => isNeeded(attempt) && !more(attempt)
    expect(brief(await one.run(rights))[0]).toMatch(
      /^fail: ServiceAccount seca-controllers may not get apiservices\.apiregistration\.k8s\.io, .* and 1 more$/,
    )
    one.state.allows = isNeeded
    expect((await one.run(rights)).map(({ verdict }) => verdict)).toEqual(['ok', 'ok'])
  })

  it('beyond what is needed are told', async () => {
    const one = ward()
    one.state.allows = (_, user) => user === API || isNeeded(_)
    expect(brief(await one.run(rights)).at(-1)).toBe(
      'warn: ServiceAccount seca-api may do more than it needs: it reads all Secrets, or everything',
    )
  })

  it('of the account that doctor itself is can be asked by anybody; of the other one not', async () => {
    const one = ward()
    one.state.username = CONTROLLERS
    one.state.may = (what) => what !== 'create subjectaccessreviews'
    one.state.allows = (attempt, user) => isNeeded(attempt) && user === CONTROLLERS
    expect(brief(await one.run(rights))).toEqual([
      expect.stringContaining('ok: ServiceAccount seca-controllers'),
      expect.stringContaining('unchecked: what ServiceAccount seca-api may do could not be read'),
    ])
  })
})
