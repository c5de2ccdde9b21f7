import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { during, type Progress } from '../../cli/progress.ts'
import { buildImage } from '../../image/build.ts'
import { cacheFolder } from '../../image/cache.ts'
import { pinnedOrServed } from '../../image/pinned-or-served.ts'
import { canonical } from '../../image/reference.ts'
import { sourcesDigest } from '../../image/sources.ts'
import type { Node } from '../cluster/node/node.ts'
import { write } from '../process/private-file.ts'

interface Options {
  readonly node: Pick<Node, 'importImage' | 'ctr'>
  /** The checkout. */
  readonly root: string
  /** The node's data folder. */
  readonly folder: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** What was built last. */
interface Last {
  readonly sources: string
  readonly tag: string
}

const nameOf = (tag: string) => canonical(`seca-operator:${tag}`).name

/**
 * Makes the image of a checkout known to a node, and resolves with its tag: the beginning of its digest, so that another tag is another image.
 * Built only when the sources are not those of the last time.
 */
export async function ensureImage({ node, root, folder, progress, signal }: Options): Promise<string> {
  const file = join(folder, 'image.json')
  const sources = sourcesDigest(root)
  const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Last) : undefined
  const known = async () => (await node.ctr('images', 'ls', '--quiet')).split('\n')
  if (last?.sources === sources && (await known()).includes(nameOf(last.tag))) {
    progress.line(`the image of these sources is there already: seca-operator:${last.tag}`)
    return last.tag
  }
  const out = mkdtempSync(join(folder, 'image-'))
  try {
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
    const built = await pinnedOrServed({ root, architecture, cache: cacheFolder(), progress, signal }, (options) =>
      buildImage({ ...options, out }),
    )
    const tag = built.digest.replace('sha256:', '').slice(0, 12)
    await during(progress, 'loading the image into the node', async () => {
      await node.importImage(built.files.archive)
      await node.ctr('images', 'tag', '--force', canonical(built.reference).name, nameOf(tag))
    })
    write(file, JSON.stringify({ sources, tag } satisfies Last))
    return tag
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
