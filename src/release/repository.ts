import { SecaError } from '../errors.ts'
import { run } from '../image/run.ts'
import { compareVersions, parseVersion } from './version.ts'

/** What git says of a checkout that is to be released. */
export interface Repository {
  readonly commit: string
  /** Versions of the tags `v<version>`, oldest first, by version. */
  readonly versions: readonly string[]
  /** Commit of a version's tag. */
  tagged(version: string): Promise<string | undefined>
  /** First lines of the commits after a version's tag, newest first. */
  subjectsSince(version: string): Promise<readonly string[]>
  /** Puts the tag of a version onto the commit. */
  tag(version: string, message: string): Promise<void>
}

/** Throws where files differ from the commit, or are not in it. */
export async function openRepository(root: string, signal?: AbortSignal): Promise<Repository> {
  const git = async (...args: readonly string[]) => (await run('git', args, { cwd: root, signal })).toString('utf8').trim()
  const changes = await git('status', '--porcelain')
  if (changes !== '')
    throw new SecaError(
      'Conflict',
      `files differ from the commit: commit them, or put them aside. Nothing was changed.\n${changes.split('\n').slice(0, 10).join('\n')}`,
    )
  const tags = (await git('tag', '--list', 'v*')).split('\n').map((tag) => tag.slice(1))
  return {
    commit: await git('rev-parse', 'HEAD'),
    versions: tags.filter(isVersion).toSorted(compareVersions),
    tagged: (version) => git('rev-parse', '--verify', '--quiet', `refs/tags/v${version}^{commit}`).catch(() => undefined),
    subjectsSince: async (version) => (await git('log', '--format=%s', `v${version}..HEAD`)).split('\n').filter((line) => line !== ''),
    tag: async (version, message) => void (await git('tag', '--annotate', `v${version}`, '--message', message)),
  }
}

function isVersion(text: string): boolean {
  try {
    return parseVersion(text) !== undefined
  } catch {
    return false
  }
}
