import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { KUBERNETES } from '../kube/builtin.ts'
import { failure } from '../kube/memory-testing.ts'
import type { KubeObject } from '../kube/gvr.ts'
import { DECLARED_LABEL } from './declared.ts'
import { ADMINS, DutiesWorld, NAMESPACE, REGION, TENANT } from './testing.ts'

const CLOUD = `apiVersion: operator.secapi.cloud/v1alpha1
kind: CloudProvider
metadata: { name: cloud }
spec: { type: simulator, credentialsSecretRef: { name: cloud } }
`
const all = (...documents: string[]) => documents.join('---\n')

let world: DutiesWorld
let folder: string
let file: string
beforeEach(() => {
  world = new DutiesWorld()
  folder = mkdtempSync(join(tmpdir(), 'seca-declared-'))
  file = join(folder, 'declared.yaml')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const config = () => ({ declaredFile: file })
const pruning = () => ({ declaredFile: file, declaredPrune: true })
const region = () => world.read<KubeObject & { spec: { availableZones: string[] } }>('Region', undefined, 'eu-1')
const declare = (...documents: string[]) => writeFileSync(file, all(...documents))

describe('what is declared', () => {
  test('is made, what others need first, and then nothing is written any more', async () => {
    declare(ADMINS, REGION, CLOUD, TENANT)
    const made = [
      'apply namespaces seca-acme',
      'apply cloudproviders cloud',
      'apply regions eu-1',
      'apply roleassignments seca-acme/admins',
    ]
    expect(await world.looks(config(), [() => undefined, () => undefined])).toEqual([made, [], []])
    expect(await world.look(config())).toEqual([])
    expect(world.counts).toEqual({ applied: 4, refused: 0, left: 0 })
    expect(region()?.metadata.labels).toEqual({ [DECLARED_LABEL]: NAMESPACE })
    expect(world.told).toEqual([])
  })

  test('follows the file, also when a mounted folder is swapped by its link', async () => {
    const mount = (version: string, text: string) => {
      mkdirSync(join(folder, version))
      writeFileSync(join(folder, version, 'declared.yaml'), text)
      symlinkSync(version, join(folder, 'next'))
      renameSync(join(folder, 'next'), join(folder, '..data'))
    }
    mount('..1', REGION)
    symlinkSync(join('..data', 'declared.yaml'), file)
    const writes = await world.looks(config(), [() => undefined, () => mount('..2', REGION.replace('[a, b]', '[a, b, c]'))])
    expect(writes).toEqual([['apply regions eu-1'], [], ['apply regions eu-1']])
    expect(region()?.spec.availableZones).toEqual(['a', 'b', 'c'])
    expect(world.told).toEqual([])
  })

  test('comes back when somebody changes it, which is told once, and what others add stays', async () => {
    declare(REGION)
    const change = () => world.server.change('Region', undefined, 'eu-1', { spec: { availableZones: ['a'] } })
    const add = () => world.server.change('Region', undefined, 'eu-1', { metadata: { labels: { theirs: 'yes' } } })
    expect(await world.looks(config(), [add, change, change])).toEqual([
      ['apply regions eu-1'],
      [],
      ['apply regions eu-1'],
      ['apply regions eu-1'],
    ])
    expect(region()?.spec.availableZones).toEqual(['a', 'b'])
    expect(region()?.metadata.labels).toMatchObject({ theirs: 'yes' })
    expect(world.reasons()).toEqual(['DeclaredRestored'])
  })

  test('is taken over from whoever made it, which is told', async () => {
    world.server.add({
      apiVersion: 'region.secapi.cloud/v1',
      kind: 'Region',
      metadata: { name: 'eu-1' },
      spec: { availableZones: ['z'] },
    } as never)
    declare(REGION)
    await world.look(config())
    expect(region()?.spec.availableZones).toEqual(['a', 'b'])
    expect(world.reasons()).toEqual(['DeclaredTakenOver'])
  })

  test('comes back when somebody deletes it', async () => {
    declare(REGION)
    const remove = () => void world.server.client.delete({ ...REGION_GVR }, undefined, 'eu-1')
    expect(await world.looks(config(), [remove])).toEqual([['apply regions eu-1'], ['apply regions eu-1']])
  })

  test('and taken by the apiserver otherwise than sent, is not sent forever', async () => {
    declare(REGION.replace('cloudProvider: cloud', 'cloudProvider: cloud, cloud: {}'))
    // As where a list is merged with what another manager has in it.
    const { client } = world.server
    const apply = client.apply.bind(client)
    client.apply = (async (...args: Parameters<typeof apply>) => {
      await apply(...args)
      world.server.change('Region', undefined, 'eu-1', { spec: { availableZones: ['a', 'b', 'theirs'] } })
      return region()
    }) as typeof apply
    const writes = await world.looks(config(), [
      () => undefined,
      () => world.server.change('Region', undefined, 'eu-1', { spec: { availableZones: ['a'] } }),
    ])
    expect(writes).toEqual([['apply regions eu-1'], [], ['apply regions eu-1']])
  })

  test('and left out later, a field goes', async () => {
    declare(REGION.replace('name: eu-1', 'name: eu-1, labels: { tier: gold }'))
    await world.looks(config(), [() => declare(REGION)])
    expect(region()?.metadata.labels?.['tier']).toBeUndefined()
  })
})

describe('what is refused', () => {
  test('does not hold up the others, is told once, and tried again more and more seldom', async () => {
    declare(REGION, TENANT)
    world.server.beforeWrite = (write) => {
      if (write.includes('namespaces')) throw failure(403, 'Forbidden', 'not you')
    }
    const writes = await world.looks(
      config(),
      Array(30).fill(() => undefined),
    )
    expect(writes[0]).toEqual(['apply namespaces seca-acme', 'apply regions eu-1'])
    expect(world.counts).toEqual({ applied: 1, refused: 1, left: 0 })
    expect(writes.slice(1).flat()).toEqual(Array(4).fill('apply namespaces seca-acme'))
    expect(world.reasons()).toEqual(['DeclaredRefused'])
    expect(world.told[0]?.message).toContain('not you')
  })

  test('is tried at once when the file says something else', async () => {
    declare(TENANT)
    world.server.beforeWrite = (_write, body) => {
      if (JSON.stringify(body).includes('"acme"')) throw failure(422, 'Invalid', 'no')
    }
    const writes = await world.looks(config(), [
      () => undefined,
      () => undefined,
      () => declare(TENANT.replace('tenant: acme', 'tenant: acme2')),
    ])
    expect(writes.at(-1)).toEqual(['apply namespaces seca-acme'])
    expect(world.counts['refused']).toBe(0)
  })
})

describe('a file that is', () => {
  test.each([
    ['gone', undefined],
    ['no YAML', 'kind: ['],
    ['of another kind', 'kind: Secret\napiVersion: v1\nmetadata: { name: a, namespace: b }'],
    ['partly wrong', all(CLOUD, REGION.replace('[a, b]', '[]'))],
  ])('%s changes and deletes nothing, and is told once', async (_what, text) => {
    declare(REGION, TENANT)
    const spoil = () => (text === undefined ? rmSync(file) : writeFileSync(file, text))
    const broken: number[] = []
    const seen = async () => broken.push((await world.metrics.declaredBroken.get()).values[0]?.value ?? -1)
    const writes = await world.looks(pruning(), [spoil, () => void seen(), () => undefined])
    expect(writes.slice(1)).toEqual([[], [], []])
    expect(world.reasons()).toEqual(['DeclaredFileInvalid'])
    await Promise.resolve()
    expect(broken).toEqual([1])
    // What was seen last stays on the counters.
    expect(world.counts).toEqual({ applied: 2, refused: 0, left: 0 })
  })

  test('right again counts again', async () => {
    declare(REGION)
    const text = all(REGION.replace('[a, b]', '[a]'))
    const writes = await world.looks(config(), [
      () => writeFileSync(file, 'a: ['),
      () => writeFileSync(file, text),
      () => writeFileSync(file, 'a: ['),
    ])
    expect(writes).toEqual([['apply regions eu-1'], [], ['apply regions eu-1'], []])
    expect(world.reasons()).toEqual(['DeclaredFileInvalid', 'DeclaredFileInvalid'])
  })

  test.each(['', '# nothing\n', '---\n'])('empty (%j) deletes nothing', async (text) => {
    declare(REGION, TENANT)
    expect((await world.looks(pruning(), [() => writeFileSync(file, text)]))[1]).toEqual([])
    expect(world.counts).toEqual({ applied: 0, refused: 0, left: 2 })
    expect(world.told.map(({ message }) => message)).toContainEqual(expect.stringContaining('nothing is declared at all'))
  })
})

describe('what is not declared any more', () => {
  test('is left and told once, and deleted where that is asked for', async () => {
    declare(REGION, CLOUD, TENANT)
    const writes = await world.looks(config(), [() => declare(TENANT), () => undefined])
    expect(writes.slice(1)).toEqual([[], []])
    expect(world.counts).toEqual({ applied: 1, refused: 0, left: 2 })
    expect(world.reasons()).toEqual(['DeclaredLeft', 'DeclaredLeft'])
    // What needs another goes before it.
    expect(await world.look(pruning())).toEqual(['delete regions eu-1', 'delete cloudproviders cloud'])
    expect(world.counts['left']).toBe(0)
  })

  test('and is on its way out is not deleted again', async () => {
    declare(REGION, CLOUD)
    await world.look(config())
    world.server.change('Region', undefined, 'eu-1', { metadata: { finalizers: ['secapi.cloud/teardown'] } })
    declare(CLOUD)
    expect(await world.looks(pruning(), [() => undefined])).toEqual([['delete regions eu-1'], []])
    expect(world.counts['left']).toBe(1)
  })

  test('but a namespace only when nothing of the tenant is in it', async () => {
    declare(REGION, TENANT, ADMINS)
    await world.look(config())
    world.server.add({
      apiVersion: 'workspace.secapi.cloud/v1',
      kind: 'Workspace',
      metadata: { namespace: 'seca-acme', name: 'prod' },
      spec: {},
    } as never)
    declare(REGION)
    expect(await world.looks(pruning(), [() => undefined])).toEqual([['delete roleassignments seca-acme/admins'], []])
    expect(world.told.map(({ message }) => message)).toContainEqual(expect.stringContaining('holds objects (Workspace)'))
    await world.server.client.delete(world.cache.kindNamed('Workspace')!.gvr, 'seca-acme', 'prod')
    expect(await world.look(pruning())).toEqual(['delete namespaces seca-acme'])
  })

  test('stays while a kind is not installed', async () => {
    declare(REGION, CLOUD)
    await world.look(config())
    declare(CLOUD)
    world.isWhole = false
    expect(await world.look(pruning())).toEqual([])
  })

  test('of another installation, or of nobody, is none of ours', async () => {
    declare(REGION)
    await world.look({ ...config(), operatorNamespace: 'another' })
    world.server.add({ apiVersion: 'region.secapi.cloud/v1', kind: 'Region', metadata: { name: 'eu-2' }, spec: {} } as never)
    declare(CLOUD)
    expect(await world.look(pruning())).toEqual(['apply cloudproviders cloud'])
    expect(world.counts['left']).toBe(0)
  })
})

describe('leadership', () => {
  test('that ends between a look and its write stops that write', async () => {
    declare(REGION, CLOUD, TENANT)
    world.server.beforeWrite = (write) => {
      if (write.includes('namespaces')) world.leads = false
    }
    expect(await world.looks(config(), [() => undefined])).toEqual([['apply namespaces seca-acme'], []])
    expect(world.reasons()).toEqual([])
  })

  test('that ends before a deletion stops that', async () => {
    declare(REGION, CLOUD, TENANT)
    await world.look(config())
    declare(TENANT)
    world.server.beforeWrite = () => (world.leads = false) as never
    expect(await world.look(pruning())).toEqual(['delete regions eu-1'])
    expect(world.read(KUBERNETES.Namespace, undefined, 'seca-acme')).toBeDefined()
  })
})

const REGION_GVR = { group: 'region.secapi.cloud', version: 'v1', resource: 'regions', kind: 'Region', namespaced: false } as const
