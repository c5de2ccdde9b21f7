import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { writeArchive } from './archive.ts'
import { combineArchives } from './combine.ts'
import { membersOf, temporaryFolder } from './testing.ts'

const REFERENCE = 'seca-operator:0.1.0'
const common = [{ path: '/same', mode: 0o644, content: 'for both' }]

async function archiveFor(architecture: 'amd64' | 'arm64', folder: string) {
  const file = join(folder, `${architecture}.tar`)
  const layers = [common, [{ path: '/binary', mode: 0o755, content: architecture }]]
  const { digest } = await writeArchive({
    reference: REFERENCE,
    platform: { os: 'linux', architecture },
    layers,
    config: { Entrypoint: [] },
    file,
  })
  return { file, digest }
}

it('an archive for several architectures has an index of their images, and what they share once', async () => {
  const folder = temporaryFolder()
  const [amd64, arm64] = [await archiveFor('amd64', folder), await archiveFor('arm64', folder)]
  const combine = (file: string) => combineArchives({ reference: REFERENCE, archives: [amd64.file, arm64.file], file: join(folder, file) })
  const digest = await combine('all.tar')
  const members = await membersOf(join(folder, 'all.tar'))
  const json = (name: string) => JSON.parse(members.get(name)?.content.toString('utf8') ?? '') as { manifests: Record<string, unknown>[] }
  expect(json('index.json').manifests).toEqual([
    expect.objectContaining({
      digest,
      annotations: expect.objectContaining({ 'io.containerd.image.name': `docker.io/library/${REFERENCE}` }),
    }),
  ])
  expect(json(`blobs/${digest.replace(':', '/')}`).manifests).toEqual([
    expect.objectContaining({ digest: amd64.digest, platform: { os: 'linux', architecture: 'amd64' } }),
    expect.objectContaining({ digest: arm64.digest, platform: { os: 'linux', architecture: 'arm64' } }),
  ])
  // An index, and of each architecture manifest, configuration and a layer of its own.
  const blobs = [...members].filter(([name, { type }]) => name.startsWith('blobs/') && type === 'file')
  expect(blobs).toHaveLength(1 + 2 * 3 + 1)
  expect(await combine('again.tar')).toBe(digest)
  expect(readFileSync(join(folder, 'again.tar')).equals(readFileSync(join(folder, 'all.tar')))).toBe(true)
  await expect(
    combineArchives({ reference: REFERENCE, archives: [join(folder, 'all.tar'), join(folder, 'none')], file: join(folder, 'x') }),
  ).rejects.toThrow('ENOENT')
  expect(readdirSync(folder).toSorted()).toEqual(['again.tar', 'all.tar', 'amd64.tar', 'arm64.tar'])
})
