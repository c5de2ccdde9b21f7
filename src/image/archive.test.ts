import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { writeArchive } from './archive.ts'
import type { Entry } from './layer.ts'
import { readArchive, temporaryFolder } from './testing.ts'

const BASE: readonly Entry[] = [
  { path: '/tmp', mode: 0o1777, folder: true },
  { path: '/lib', symlink: 'usr/lib' },
  { path: '/usr/lib/big.so', mode: 0o755, content: Buffer.alloc(300_000, 'code') },
]
const APP: readonly Entry[] = [{ path: '/app/program.mjs', mode: 0o644, content: 'hello' }]
const write = (file: string, layers: readonly (readonly Entry[])[] = [BASE, APP]) =>
  writeArchive({
    reference: 'seca-operator:0.1.0',
    platform: { os: 'linux', architecture: 'arm64' },
    layers,
    config: { User: '65532:65532', Entrypoint: ['/app/program.mjs'] },
    file,
  })
const digestOf = (content: Uint8Array) => `sha256:${createHash('sha256').update(content).digest('hex')}`

it('an archive has every blob under its digest, and says what an OCI layout and Docker need to know', async () => {
  const folder = temporaryFolder()
  const file = join(folder, 'new', 'image.tar')
  const image = await write(file)
  expect(readdirSync(join(folder, 'new'))).toEqual(['image.tar'])
  const { members, described, manifest, config, docker, blob } = await readArchive(file)
  const blobs = [...members].filter(([name, { type }]) => name.startsWith('blobs/') && type === 'file')
  for (const [name, { content }] of blobs) expect(digestOf(content)).toBe(`sha256:${name.slice('blobs/sha256/'.length)}`)
  expect(JSON.parse(members.get('oci-layout')?.content.toString() ?? '')).toEqual({ imageLayoutVersion: '1.0.0' })
  expect(described).toMatchObject({
    digest: image.digest,
    platform: { os: 'linux', architecture: 'arm64' },
    annotations: { 'io.containerd.image.name': 'docker.io/library/seca-operator:0.1.0', 'org.opencontainers.image.ref.name': '0.1.0' },
  })
  expect(config.config).toEqual({ User: '65532:65532', Entrypoint: ['/app/program.mjs'] })
  expect(config.architecture).toBe('arm64')
  expect(config.rootfs.diff_ids).toEqual(manifest.layers.map(({ digest }) => digestOf(gunzipSync(blob(digest)))))
  expect(image.layers).toEqual(manifest.layers.map(({ digest, size }, at) => ({ digest, size, diffId: config.rootfs.diff_ids[at] })))
  expect(image.size).toBe(blobs.reduce((sum, [, { content }]) => sum + content.byteLength, 0))
  expect(docker).toEqual([
    {
      Config: `blobs/${manifest.config.digest.replace(':', '/')}`,
      RepoTags: ['seca-operator:0.1.0'],
      Layers: manifest.layers.map(({ digest }) => `blobs/${digest.replace(':', '/')}`),
    },
  ])
})

it('the same content makes the same bytes, wherever and in whatever order; a changed layer leaves the others as they were', async () => {
  const [one, other] = [join(temporaryFolder(), 'a.tar'), join(temporaryFolder(), 'b.tar')]
  const first = await write(one)
  const again = await write(other, [BASE.toReversed(), APP])
  expect(again).toEqual(first)
  expect(readFileSync(other).equals(readFileSync(one))).toBe(true)
  const changed = await write(other, [BASE, [{ path: '/app/program.mjs', mode: 0o644, content: 'hullo' }]])
  expect(changed.digest).not.toBe(first.digest)
  expect(changed.layers[0]).toEqual(first.layers[0])
})

it('an archive appears whole or not at all', async () => {
  const folder = temporaryFolder()
  await expect(write(join(folder, 'image.tar'), [APP, [...BASE, ...BASE]])).rejects.toThrow('/tmp is in the layer twice')
  await expect(
    writeArchive({
      reference: 'UPPER',
      platform: { os: 'linux', architecture: 'amd64' },
      layers: [],
      config: { Entrypoint: [] },
      file: join(folder, 'x.tar'),
    }),
  ).rejects.toThrow('UPPER is not the name of an image with a tag')
  expect(readdirSync(folder)).toEqual([])
})

it('a layer that two places of an image share is stored once', async () => {
  const file = join(temporaryFolder(), 'image.tar')
  await write(file, [APP, APP])
  const { members, manifest } = await readArchive(file)
  expect(manifest.layers).toHaveLength(2)
  expect([...members.keys()].filter((name) => /^blobs\/sha256\/./.test(name))).toHaveLength(3)
})
