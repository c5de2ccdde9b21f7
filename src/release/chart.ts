import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { SecaError } from '../errors.ts'
import { jsonBlob, jsonBytes, MEDIA_TYPE, rawBlob } from '../image/oci.ts'
import { type Entry, writeLayer } from '../image/layer.ts'
import type { Artifact } from './signature.ts'

const NAME = 'seca-operator'
/** github.com/helm/helm, pkg/registry/constants.go. */
const CONFIG = 'application/vnd.cncf.helm.config.v1+json'
const CONTENT = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'

/** What the chart's default image is. */
interface Image {
  /** Host and path before the name; empty: none is said. */
  readonly registry: string
  /** `sha256:…` */
  readonly digest: string
}

/** Writes the chart of a checkout as `helm package` would, but the same bytes each time, with an image of its own as default. */
export async function packChart(root: string, image: Image, file: string): Promise<void> {
  const folder = join(root, 'charts', NAME)
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(folder, name)).isFile() && !/\.(tgz|orig)$/.test(name),
  )
  const entries = names.map((name): Entry => {
    const content = readFileSync(join(folder, name))
    const path = `/${NAME}/${name}`
    return { path, mode: 0o644, content: name === 'values.yaml' ? withImage(content.toString('utf8'), image) : content }
  })
  const made = mkdtempSync(`${file}.partial-`)
  try {
    await writeLayer(entries, join(made, 'chart'))
    renameSync(join(made, 'chart'), file)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** The text of values.yaml with another default of `image.registry` and `image.digest`. */
export function withImage(values: string, image: Image): string {
  const block = /^image:\n(?:[ #].*\n)+/m.exec(values)?.[0]
  if (block === undefined) throw new SecaError('Internal', "the chart's values have no image")
  const changed = Object.entries(image).reduce((text, [key, value]) => {
    const line = new RegExp(`^  ${key}: ""$`, 'm')
    if (!line.test(text)) throw new SecaError('Internal', `the chart's values have no empty image.${key}`)
    return text.replace(line, `  ${key}: ${JSON.stringify(value)}`)
  }, block)
  return values.replace(block, changed)
}

/** A packed chart as registries keep it (helm.sh/docs/topics/registries). */
export function chartArtifact(root: string, version: string, packed: Buffer): Artifact {
  const about = parse(readFileSync(join(root, 'charts', NAME, 'Chart.yaml'), 'utf8')) as Readonly<Record<string, string>>
  const config = rawBlob(CONFIG, jsonBytes(about))
  const content = rawBlob(CONTENT, packed)
  const manifest = jsonBlob('manifest', {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: config.descriptor,
    layers: [content.descriptor],
    annotations: {
      'org.opencontainers.image.title': about['name'],
      'org.opencontainers.image.description': about['description'],
      'org.opencontainers.image.version': about['version'],
    },
  })
  return { tag: version, manifest, blobs: [config, content] }
}
