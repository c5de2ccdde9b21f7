import { cpSync, existsSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import { SecaError } from '../../src/errors.ts'
import type { Platform } from '../../src/image/archive.ts'
import { type Built, type BuildOptions, buildImage } from '../../src/image/build.ts'
import { cacheFolder } from '../../src/image/cache.ts'

export const ROOT = join(import.meta.dirname, '../..')
const SOURCES = ['package.json', 'package-lock.json', 'LICENSE', 'src', 'controllers', 'providers']

/** What is missing on this machine to build an image, and how to get it; nothing when it can. */
export function lackingForImage(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = (env['PATH'] ?? '').split(delimiter)
  const missing = ['apt-get', 'dpkg-deb'].filter((program) => !folders.some((folder) => existsSync(join(folder, program))))
  return missing.length === 0 ? undefined : `no ${missing.join(', no ')}: images are built on Debian or Ubuntu`
}

/** Options to build this checkout's image, or that of another one at `root`. */
export function imageOptions(architecture: Platform['architecture'], root = ROOT): BuildOptions {
  return { root, architecture, cache: cacheFolder(), progress: createProgress() }
}

/** This machine's architecture, as images name it. */
export const HERE: Platform['architecture'] = process.arch === 'arm64' ? 'arm64' : 'amd64'

/** Does work with the pinned packages of Debian, or, where the mirror has newer ones only, with those. */
export async function pinnedOrServed<T>(options: BuildOptions, work: (options: BuildOptions) => Promise<T>): Promise<T> {
  try {
    return await work(options)
  } catch (error) {
    const isGone = error instanceof SecaError && error.code === 'NotFound' && error.message.includes('--unpinned')
    if (!isGone) throw error
    options.progress.line(`${error.message.split('\n')[0] ?? ''} The test takes what it serves.`)
    return work({ ...options, isUnpinned: true })
  }
}

/** Builds the image of this checkout for this machine, into a folder. */
export function buildForTests(out: string): Promise<Built> {
  return pinnedOrServed(imageOptions(HERE), (options) => buildImage({ ...options, out }))
}

/** The sources of this checkout in another folder, with the same packages. */
export function copyOfSources(): string {
  const folder = mkdtempSync(join(tmpdir(), 'seca-image-copy-'))
  for (const name of SOURCES) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  return folder
}
