import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildImage } from '../../src/image/build.ts'
import { pinnedOrServed } from '../../src/image/pinned-or-served.ts'
import { helm } from '../support/helm.ts'
import { copyOfSources, HERE, imageOptions, ROOT } from '../support/image.ts'

/** A release that is made of this checkout: files of its packed chart and of its image, `seca-operator:<version>`. */
interface Release {
  readonly version: string
  readonly chart: string
  readonly image: string
}

const KINDS = 'src/schema/crd.ts'
const WORDS = "'What is wanted.'"

/**
 * Makes this checkout's next release into a folder: what it is, under a later version, and with another description in each kind, so
 * that an upgrade to it changes every CustomResourceDefinition, whatever differs from the kept release besides.
 */
export async function laterRelease(folder: string): Promise<Release> {
  const root = copyOfSources()
  try {
    cpSync(join(ROOT, 'charts'), join(root, 'charts'), { recursive: true })
    const version = `${(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version.replace(/\d+$/, '9999')}`
    replace(join(root, 'package.json'), /"version": ".*"/, `"version": "${version}"`)
    replace(join(root, KINDS), WORDS, "'What is wanted, of a later release.'")
    await promisify(execFile)(process.execPath, [join(root, 'src/gen.ts')])
    const packed = ['--version', version, '--app-version', version, '--destination', folder]
    const chart = await helm(['package', join(root, 'charts/seca-operator'), ...packed])
    const { files } = await pinnedOrServed(imageOptions(HERE, root), (options) => buildImage({ ...options, out: folder }))
    return { version, chart: chart.trim().split(/\s+/).at(-1) ?? '', image: files.archive }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

function replace(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  if (text.replace(from, to) === text) throw new Error(`${file} has no ${String(from)}`)
  writeFileSync(file, text.replace(from, to))
}
