import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ROOT } from './lockfile.ts'
import { components, type Ingredients } from './sbom.ts'

export interface Source {
  readonly commit: string
  /** Files that differ from the commit: the image is not what the commit says. */
  readonly isDirty: boolean
}

/** The commit that is built; undefined without Git. */
export async function sourceOf(): Promise<Source | undefined> {
  const git = async (...args: string[]) => (await promisify(execFile)('git', args, { cwd: ROOT })).stdout.trim()
  try {
    return { commit: await git('rev-parse', 'HEAD'), isDirty: (await git('status', '--porcelain')) !== '' }
  } catch {
    return undefined
  }
}

/** An in-toto statement with SLSA provenance 1.0: what was built from which commit and packages. It says nothing of when and where. */
export function provenance(ingredients: Ingredients, digest: string, source: Source | undefined): object {
  const dependencies = components(ingredients).map(({ purl, hashes }) => ({
    uri: purl,
    digest: Object.fromEntries((hashes ?? []).map(({ alg, content }) => [alg.replace('SHA-', 'sha'), content])),
  }))
  const commit = source && { uri: 'git+seca-operator', digest: { gitCommit: source.commit } }
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'seca-operator', digest: { sha256: digest.replace('sha256:', '') } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'https://secapi.cloud/seca-operator/image/v1',
        externalParameters: { platform: ingredients.platform },
        internalParameters: { uncommittedChanges: source?.isDirty ?? true },
        resolvedDependencies: [...(commit ? [commit] : []), ...dependencies],
      },
      runDetails: { builder: { id: 'https://secapi.cloud/seca-operator/image' } },
    },
  }
}
