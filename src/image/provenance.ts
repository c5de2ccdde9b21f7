import { SecaError } from '../errors.ts'
import type { DebianPackage, Lock } from './debian.ts'
import type { NpmPackage } from './packages.ts'
import { debianPurl, purlOf } from './sbom.ts'
import { run } from './run.ts'

/** The sources that an image was built from. */
export interface Source {
  /** of git */
  readonly commit: string
  /** files differ from the commit */
  readonly isChanged: boolean
}

/** Commit of a checkout; nothing when it is none, or there is no git. */
export async function sourceOf(root: string, signal?: AbortSignal): Promise<Source | undefined> {
  try {
    const [commit, changes] = await Promise.all([
      run('git', ['rev-parse', 'HEAD'], { cwd: root, signal }),
      run('git', ['status', '--porcelain'], { cwd: root, signal }),
    ])
    return { commit: commit.toString('utf8').trim(), isChanged: changes.byteLength > 0 }
  } catch (error) {
    if (error instanceof SecaError) return undefined
    throw error
  }
}

interface Facts {
  readonly reference: string
  readonly platform: string
  /** Debian's packages are those of the lock file */
  readonly isPinned: boolean
  /** `sha256:…` of the manifest */
  readonly digest: string
  /** SHA-256 in hex, by the name of the file */
  readonly files: Readonly<Record<string, string>>
  readonly source: Source | undefined
  readonly node: NpmPackage
  /** packages in the bundle, and those that made it */
  readonly packages: readonly NpmPackage[]
  readonly debian: readonly DebianPackage[]
  readonly release: Lock['release']
}

/**
 * How an image came about, as an in-toto statement with SLSA's provenance v1 (slsa.dev/spec/v1.0/provenance), unsigned. Without times
 * and names of machines: the same commit has the same provenance.
 */
export function provenanceOf({ reference, platform, isPinned, digest, files, source, node, packages, debian, release }: Facts): object {
  const commit = source && {
    name: 'source',
    digest: { gitCommit: source.commit },
    ...(source.isChanged && { annotations: { changed: true } }),
  }
  const npm = [node, ...packages].map((one) => ({
    uri: purlOf(one),
    digest: { sha512: Buffer.from(one.integrity.replace('sha512-', ''), 'base64').toString('hex') },
  }))
  const deb = debian.map((one) => ({
    uri: debianPurl(one, release),
    digest: { sha256: one.sha256 },
  }))
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [
      { name: reference, digest: { sha256: digest.replace('sha256:', '') } },
      ...Object.entries(files).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    ],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:seca-operator:image:v1',
        externalParameters: { reference, platform, debian: isPinned ? 'pinned' : 'unpinned' },
        resolvedDependencies: [...(commit ? [commit] : []), ...npm, ...deb],
      },
      runDetails: { builder: { id: 'urn:seca-operator:npm-run-image' } },
    },
  }
}
