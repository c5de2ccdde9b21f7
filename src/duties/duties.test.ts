import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { failure } from '../kube/memory-testing.ts'
import { DutiesWorld } from './testing.ts'

const config = { tlsSecret: 'a', tlsManaged: true }

test('who does not lead does nothing, and says nothing', async () => {
  const world = new DutiesWorld()
  world.leads = false
  const folder = mkdtempSync(join(tmpdir(), 'seca-duties-'))
  const file = join(folder, 'declared.yaml')
  writeFileSync(file, 'kind: [')
  expect(await world.looks({ ...config, declaredFile: file }, [() => undefined])).toEqual([[], []])
  expect(world.server.seen).toEqual([])
  expect(world.told).toEqual([])
  rmSync(folder, { recursive: true })
})

test('a duty that fails is told once, tried more and more seldom, and is told again when it fails anew', async () => {
  const world = new DutiesWorld()
  let refusals = 0
  world.server.beforeWrite = () => {
    refusals++
    throw failure(403, 'Forbidden', 'not you')
  }
  const works = () => void (world.server.beforeWrite = () => undefined)
  const spoil = () => {
    world.server.change('Secret', 'seca-system', 'a', { data: { 'tls.crt': null } })
    world.server.beforeWrite = () => {
      throw failure(403, 'Forbidden', 'not you')
    }
  }
  const idle = (count: number) => Array<() => void>(count).fill(() => undefined)
  await world.looks(config, [...idle(30), works, ...idle(30), spoil, ...idle(6)])
  // After 10, 20, 40, 80 and 160 s, and every 5 minutes then.
  expect(refusals).toBe(5)
  expect(world.reasons()).toEqual(['DutyFailed', 'DutyFailed'])
})

test('one duty that fails does not hold up the other', async () => {
  const world = new DutiesWorld()
  expect(await world.look({ ...config, declaredFile: '/nowhere/declared.yaml' })).toHaveLength(2)
  expect(world.reasons()).toEqual(['DeclaredFileInvalid'])
})

test('who led counts nothing any more', async () => {
  const world = new DutiesWorld()
  await world.look({ ...config, declaredFile: '/nowhere/declared.yaml' })
  const of = async (metric: { get(): Promise<{ values: { value: number }[] }> }) => (await metric.get()).values.map(({ value }) => value)
  expect(await of(world.metrics.declared)).toEqual([])
  expect(await of(world.metrics.certificateEnd)).toEqual([0])
  expect(await of(world.metrics.declaredBroken)).toEqual([0])
})
