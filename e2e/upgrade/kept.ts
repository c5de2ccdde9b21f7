import { createReadStream, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, createBrotliCompress, createBrotliDecompress } from 'node:zlib'
import { SecaError } from '../../src/errors.ts'
import { type Image, writeArchive } from '../../src/image/archive.ts'
import { ingredientsOf } from '../../src/image/build.ts'
import { configOf } from '../../src/image/content.ts'
import type { Entry } from '../../src/image/layer.ts'
import { pinnedOrServed } from '../../src/image/pinned-or-served.ts'
import { sourceOf } from '../../src/image/provenance.ts'
import { readTar, writeTar } from '../../src/image/tar.ts'
import { helm } from '../support/helm.ts'
import { HERE, imageOptions } from '../support/image.ts'

const FIXTURES = join(import.meta.dirname, 'fixtures')
/** The chart as Helm packs it; what is ours of the image (Node.js and Debian's files are taken from the cache); where both are from. */
const FILES = { chart: 'chart.tgz', app: 'app.tar.br', about: 'about.json' } as const

interface About {
  readonly version: string
  readonly description: string
  readonly license: string
  /** the sources, of git */
  readonly commit: string
}

/** A release that was kept. */
export interface Kept extends About {
  /** file of the packed chart */
  readonly chart: string
  /** Builds its image for this machine, `seca-operator:<version>`, into a file. */
  image(file: string): Promise<Image>
}

/** The release of that version, as {@link keep} wrote it. */
export function keptRelease(version: string): Kept {
  const place = (name: keyof typeof FILES) => join(FIXTURES, version, FILES[name])
  const about = JSON.parse(readFileSync(place('about'), 'utf8')) as About
  return {
    ...about,
    chart: place('chart'),
    async image(file) {
      const { layers } = await pinnedOrServed(imageOptions(HERE), ingredientsOf)
      const members = await readTar(createReadStream(place('app')), [createBrotliDecompress()])
      const app = [...members.values()].map(({ name, mode, content }): Entry => ({ path: `/${name}`, mode, content }))
      return writeArchive({
        reference: `seca-operator:${version}`,
        platform: { os: 'linux', architecture: HERE },
        layers: [...layers.filter(({ name }) => name !== 'app').map(({ entries }) => entries), app],
        config: configOf(about),
        file,
      })
    },
  }
}

/** Keeps the release of a checkout for tests of upgrades from it; resolves with the folder. Throws when its files differ from its commit. */
async function keep(root: string): Promise<string> {
  const source = await sourceOf(root)
  if (source === undefined || source.isChanged)
    throw new SecaError(
      'Conflict',
      `${root} has no commit, or its files differ from it: commit first, so that the fixture can say what it is of`,
    )
  const { about, layers } = await ingredientsOf(imageOptions(HERE, root))
  const folder = join(FIXTURES, about.version)
  mkdirSync(folder, { recursive: true })
  const chart = await helm(['package', join(root, 'charts/seca-operator'), '--destination', folder])
  renameSync(chart.trim().split(/\s+/).at(-1) ?? '', join(folder, FILES.chart))
  const entries = layers.find(({ name }) => name === 'app')?.entries ?? []
  const members = entries.flatMap((entry) =>
    'content' in entry ? [{ name: entry.path.slice(1), mode: entry.mode, type: 'file' as const, content: Buffer.from(entry.content) }] : [],
  )
  const options = { params: { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS } }
  await writeTar(members, join(folder, FILES.app), [createBrotliCompress(options)])
  const { version, description, license } = about
  const told: About = { version, description, license, commit: source.commit }
  writeFileSync(join(folder, FILES.about), `${JSON.stringify(told, undefined, 2)}\n`)
  return folder
}

// `node e2e/upgrade/kept.ts [<checkout>]`
if (import.meta.main) process.stdout.write(`${await keep(process.argv[2] ?? join(import.meta.dirname, '../..'))}\n`)
