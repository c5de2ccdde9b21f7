import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import about from '../../package.json' with { type: 'json' }
import type { Image } from '../../src/image/image.ts'
import { builtImage } from '../support/image.ts'

const MIB = 1024 * 1024

let folder: string
let image: Image
let root: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'seca-image-'))
  image = await builtImage(join(folder, 'one'))
  const unpacked = join(folder, 'unpacked')
  root = join(folder, 'root')
  for (const path of [unpacked, root]) mkdirSync(path)
  execFileSync('tar', ['xf', image.file, '-C', unpacked])
  const [{ Layers }] = JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as [{ Layers: string[] }]
  for (const path of Layers) execFileSync('tar', ['xzf', join(unpacked, path), '-C', root])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const find = (...conditions: string[]) =>
  execFileSync('find', [root, ...conditions], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
const beside = (ending: string) => JSON.parse(readFileSync(image.file.replace(/tar$/, ending), 'utf8')) as Record<string, unknown>

it('is the same, byte for byte, when it is built again', async () => {
  const again = await builtImage(join(folder, 'two'))
  expect(again.digest).toBe(image.digest)
  expect(readFileSync(again.file).equals(readFileSync(image.file))).toBe(true)
})

it('is small, and what changes with a version of ours is a small part of it', () => {
  expect(image.bytes).toBeLessThan(55 * MIB)
  expect(image.layers.at(-1)?.bytes).toBeLessThan(2 * MIB)
})

it('holds no shell, nothing that gives rights, and nothing that others than root may write', () => {
  expect(find('-perm', '/6000')).toEqual([])
  expect(find('-type', 'f', '-perm', '/022')).toEqual([])
  expect(find('-type', 'f', '-perm', '/111').map((path) => path.slice(root.length))).toEqual(
    expect.arrayContaining(['/usr/local/bin/node']),
  )
  expect(find('-name', 'sh', '-o', '-name', 'bash', '-o', '-name', 'apt*')).toEqual([])
})

// chroot wants root.
describe.skipIf(process.getuid?.() !== 0)('in its own root', () => {
  const inside = (...args: string[]) =>
    execFileSync('chroot', ['--userspec=65532:65532', root, '/usr/local/bin/node', '/app/seca-operator.mjs', ...args], { encoding: 'utf8' })

  it('runs: every library that it needs is there', () => {
    expect(inside('--version').trim()).toBe(about.version)
  })

  it('has the subcommands of a cluster, not those of a developer', () => {
    const words = inside('--help')
    for (const name of ['controllers', 'api', 'audit', 'access', 'install', 'simulator'])
      expect(words).toMatch(new RegExp(`^ {2}${name} `, 'm'))
    for (const name of ['start', 'test', 'bench']) expect(words).not.toMatch(new RegExp(`^ {2}${name} `, 'm'))
  })

  it.each(['controllers', 'api', 'audit', 'install', 'simulator'])('%s says what it needs, with all of its code loaded', (name) => {
    expect(inside(name, '--help')).toContain(`seca-operator ${name}`)
  })
})

it('tells what it is made of, and from what', () => {
  const bom = beside('cdx.json') as unknown as {
    specVersion: string
    components: { name: string; version: string; purl: string; hashes: unknown[] }[]
  }
  expect(bom.specVersion).toBe('1.6')
  const names = bom.components.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['undici', 'jose', 'zod', 'pino', 'libc6', 'ca-certificates']))
  for (const { purl, hashes } of bom.components) expect({ purl, hashes: hashes.length }).toEqual({ purl, hashes: 1 })
  // Nothing that only develops us.
  expect(names).not.toContain('vitest')
  expect(beside('provenance.json')).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: image.digest.replace('sha256:', '') } }],
  })
})
