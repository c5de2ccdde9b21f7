import { describe, expect, it } from 'vitest'
import { apiServices } from './api-services.ts'
import { Discovery, groupsOf, V2 } from './discovery.ts'

const ask = (discovery: Discovery, path: string, accept = 'application/json', ifNoneMatch?: string, isProxy = false) =>
  discovery.answer(path, { accept, ifNoneMatch, isProxy })
const body = (answer: ReturnType<Discovery['answer']>) => JSON.parse(answer?.body ?? 'null') as Record<string, never>

describe('discovery', () => {
  it('has a document for every APIService, and nothing in it that could be listed or deleted', () => {
    const regions = ['eu-1', 'it-1']
    const discovery = new Discovery(() => regions)
    const services = apiServices({ regions, service: { namespace: 'n', name: 's', port: 1 }, ca: 'x' })
    expect(services.map(({ metadata }) => metadata.name)).toContain('v1.it-1.seca.compute')
    expect(services.map(({ metadata }) => metadata.name)).toContain('v1.seca.region')
    expect(services.map(({ metadata }) => metadata.name)).not.toContain('v1.it-1.seca.region')
    const v2 = body(ask(discovery, '/apis', V2)) as unknown as {
      items: { metadata: { name: string }; versions: { version: string; resources: { verbs: string[] }[] }[] }[]
    }
    for (const { spec } of services) {
      const legacy = body(ask(discovery, `/apis/${spec.group}/${spec.version}`)) as unknown as {
        groupVersion: string
        resources: { verbs: string[] }[]
      }
      expect(legacy.groupVersion).toBe(`${spec.group}/${spec.version}`)
      const inV2 = v2.items.find(({ metadata }) => metadata.name === spec.group)?.versions.find(({ version }) => version === spec.version)
      for (const resources of [legacy.resources, inV2?.resources ?? []]) {
        expect(resources.length).toBeGreaterThan(0)
        expect(resources.flatMap(({ verbs }) => verbs)).toEqual(['get'])
      }
    }
    expect(v2.items).toHaveLength(groupsOf(regions).length)
  })

  it('serves any region by name before regions are known, and lists those that kube-apiserver asked for', () => {
    const discovery = new Discovery(() => [])
    expect(ask(discovery, '/apis/new-1.seca.compute/v1')?.status).toBe(200)
    expect(ask(discovery, '/apis', V2)?.body).not.toContain('new-1.seca.compute')
    expect(ask(discovery, '/apis/new-1.seca.compute/v1', '', undefined, true)?.status).toBe(200)
    expect(ask(discovery, '/apis', V2)?.body).toContain('new-1.seca.compute')
  })

  it('says when nothing changed, and nothing of the v2 kind to who did not ask for it', () => {
    const regions = ['eu-1']
    const discovery = new Discovery(() => regions)
    const first = ask(discovery, '/apis', `${V2},application/json`)
    expect(first?.headers['content-type']).toBe(V2)
    expect(ask(discovery, '/apis', V2, first?.headers['etag'])).toMatchObject({ status: 304, body: '' })
    regions.push('it-1')
    expect(ask(discovery, '/apis', V2, first?.headers['etag'])?.status).toBe(200)
    expect(ask(discovery, '/apis', V2.replace('v=v2', 'v=v2beta1'))?.headers['content-type']).toBe('application/json')
  })

  it.each([
    '/apis/seca.compute/v2',
    '/apis/apps/v1',
    '/apis/A.seca.compute/v1',
    '/apis/x.y.seca.compute/v1',
    '/apis/it-1.seca.region/v1',
    '/openapi/v2',
  ])('%s: 404 in the shape of Kubernetes', (path) => {
    expect(body(ask(new Discovery(() => []), path))).toMatchObject({ kind: 'Status', code: 404 })
  })

  it.each(['/apis/seca.compute/v1/tenants/t/workspaces', '/providers/seca.compute/v1', '/', '/docs'])('%s is not its', (path) => {
    expect(ask(new Discovery(() => []), path)).toBeUndefined()
  })
})
