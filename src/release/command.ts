import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ReleaseConfig } from '../cli/developer-config.ts'
import { createProgress, during, type Progress } from '../cli/progress.ts'
import { SecaError } from '../errors.ts'
import { buildImage, sha256 } from '../image/build.ts'
import { cacheFolder } from '../image/cache.ts'
import { combineArchives } from '../image/combine.ts'
import { chartArtifact, packChart } from './chart.ts'
import { credentialsFor } from './credentials.ts'
import { readSigner, type Signer } from './key.ts'
import { prepare, requirePrepared } from './prepare.ts'
import { chartProvenance } from './provenance.ts'
import { imageArtifact, type Publication, publish } from './publish.ts'
import { openRegistry, type Registry } from './registry.ts'
import { openRepository, type Repository } from './repository.ts'
import { signatureOf } from './signature.ts'
import { parseVersion } from './version.ts'

const ROOT = join(import.meta.dirname, '../..')
const ARCHITECTURES = ['amd64', 'arm64'] as const

/** `seca-operator release` */
export async function release(config: ReleaseConfig, { signal }: { signal: AbortSignal }): Promise<void> {
  const { version } = config
  parseVersion(version)
  const repository = await openRepository(ROOT, signal)
  if (config.prepare) {
    const files = await prepare({ root: ROOT, version, repository, date: new Date().toISOString().slice(0, 10) })
    process.stdout.write(`${files.join(', ')} say ${version}. Look at them, the changelog above all, and commit them.\n`)
    return
  }
  const progress = createProgress()
  const target = targetOf(config.registry ?? '')
  const signer = config.key === undefined ? undefined : readSigner(config.key, process.env['SECA_KEY_PASSWORD'])
  const notes = requirePrepared(ROOT, version)
  await requireUntagged(repository, version)
  const registry = openRegistry({ host: target.host, credentials: credentialsFor(target.host), signal })
  try {
    const names = { image: target.nameOf('seca-operator'), chart: target.nameOf('charts/seca-operator') }
    const there = await during(progress, `looking into ${target.registry}`, () => publishedAs(registry, version, names))
    const made = await make({ config, repository, target, names, signer, notes, progress, signal })
    refuseOther(there, made.publications, version)
    if (config.dryRun) {
      process.stdout.write(`${made.summary}Nothing was pushed, and no tag was made: --dry-run.\n`)
      return
    }
    await during(progress, `pushing to ${target.registry}`, (step) => publish(registry, made.publications, (line) => step.update(line)))
    if ((await repository.tagged(version)) === undefined) await repository.tag(version, `seca-operator ${version}\n\n${notes}`)
    process.stdout.write(`${made.summary}Tag v${version} was made here: git push <remote> v${version}\n`)
  } finally {
    await registry.close()
  }
}

interface Target {
  readonly host: string
  /** Host and path of a name below the registry's path. */
  readonly registry: string
  nameOf(name: string): string
}

/** `registry.example.org/seca` → host, and names below `seca/`. */
export function targetOf(registry: string): Target {
  const [, host, path = ''] = /^([a-z0-9.[\]-]+(?::\d+)?)((?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)$/.exec(registry) ?? []
  if (host === undefined)
    throw new SecaError(
      'InvalidConfiguration',
      `--registry ${registry} is not a host and a path in lower case, such as registry.example.org/seca`,
    )
  return { host, registry, nameOf: (name) => `${path}/${name}`.slice(1) }
}

/** Names of repositories. */
type Names = Readonly<Record<'image' | 'chart', string>>

/** Digests of what a registry has of a version, by repository. Throws where it has all. */
async function publishedAs(registry: Registry, version: string, names: Names): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const name of Object.values(names)) {
    const digest = await registry.digestOf(name, version)
    if (digest !== undefined) found.set(name, digest)
  }
  if (found.size === Object.keys(names).length)
    throw new SecaError(
      'Conflict',
      `${version} is in the registry already (${[...found.keys()].join(', ')}): a version is released once. Nothing was changed.`,
    )
  return found
}

/** What is there of a release that was cut off has to be of the same sources. */
function refuseOther(there: ReadonlyMap<string, string>, publications: readonly Publication[], version: string): void {
  for (const { name, artifact } of publications) {
    const digest = there.get(name)
    if (digest !== undefined && digest !== artifact.manifest.descriptor.digest)
      throw new SecaError(
        'Conflict',
        `${name}:${version} is in the registry already, made of something else (${digest}). Nothing was pushed.`,
      )
  }
}

async function requireUntagged(repository: Repository, version: string): Promise<void> {
  const tagged = await repository.tagged(version)
  if (tagged !== undefined && tagged !== repository.commit)
    throw new SecaError('Conflict', `tag v${version} is on another commit, ${tagged.slice(0, 12)}. Nothing was changed.`)
}

interface Make {
  readonly config: ReleaseConfig
  readonly repository: Repository
  readonly target: Target
  readonly names: Names
  readonly signer: Signer | undefined
  readonly notes: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Writes all files of a release, and says what of it goes into a registry. */
async function make({ config, repository, target, names, signer, notes, progress, signal }: Make) {
  const { version } = config
  const out = resolve(config.out ?? join('dist', version))
  mkdirSync(out, { recursive: true })
  const files: string[] = []
  const write = (name: string, content: string) => {
    writeFileSync(join(out, name), content)
    files.push(join(out, name))
  }
  const archives: string[] = []
  for (const architecture of ARCHITECTURES) {
    const options = { root: ROOT, architecture, isUnpinned: config.unpinned, cache: cacheFolder(), progress, signal, out }
    const built = await buildImage(options)
    archives.push(built.files.archive)
    files.push(...Object.values(built.files))
  }
  const archive = join(out, `seca-operator-${version}.tar`)
  const digest = await combineArchives({ reference: `seca-operator:${version}`, archives, file: archive })
  const chart = join(out, `seca-operator-${version}.tgz`)
  await packChart(ROOT, { registry: target.registry, digest }, chart)
  files.push(archive, chart)
  const facts = {
    file: basename(chart),
    sha256: sha256(chart),
    commit: repository.commit,
    image: `${target.registry}/seca-operator`,
    digest,
  }
  write(`seca-operator-${version}.tgz.provenance.json`, `${JSON.stringify(chartProvenance(facts), undefined, 2)}\n`)
  write(`seca-operator-${version}.md`, `${notes}\n`)
  if (signer) write(`seca-operator-${version}.pub`, signer.publicKey)
  const sums = files
    .map((file) => `${sha256(file)}  ${basename(file)}\n`)
    .toSorted((one, other) => (one.slice(66) < other.slice(66) ? -1 : 1))
  writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
  if (signer) writeFileSync(join(out, 'SHA256SUMS.sig'), `${signer.sign(readFileSync(join(out, 'SHA256SUMS')))}\n`)

  const image = await imageArtifact(archive, version)
  const packed = chartArtifact(ROOT, version, readFileSync(chart))
  const signed = (name: string, ...digests: { readonly digest: string }[]) =>
    signer ? digests.map((one) => signatureOf(one, `${target.host}/${name}`, signer)) : []
  const publications: Publication[] = [
    {
      name: names.image,
      artifact: image,
      signatures: signed(names.image, image.manifest.descriptor, ...image.images.map(({ descriptor }) => descriptor)),
    },
    { name: names.chart, artifact: packed, signatures: signed(names.chart, packed.manifest.descriptor) },
  ]
  const lines = publications.map(({ name, artifact }) => `  ${target.host}/${name}:${version}@${artifact.manifest.descriptor.digest}\n`)
  return { publications, summary: `${out}\n${lines.join('')}${signer ? '' : '  not signed: no --key\n'}` }
}
