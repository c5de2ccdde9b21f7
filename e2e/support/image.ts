import { cpSync, mkdtempSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProgress } from '../../src/cli/progress.ts'
import type { Platform } from '../../src/image/archive.ts'
import { type Built, type BuildOptions, buildImage } from '../../src/image/build.ts'
import { cacheFolder } from '../../src/image/cache.ts'
import { pinnedOrServed } from '../../src/image/pinned-or-served.ts'
import { SOURCES } from '../../src/image/sources.ts'

export const ROOT = join(import.meta.dirname, '../..')

/** Options to build this checkout's image, or that of another one at `root`. */
export function imageOptions(architecture: Platform['architecture'], root = ROOT): BuildOptions {
  return { root, architecture, cache: cacheFolder(), progress: createProgress() }
}

/** This machine's architecture, as images name it. */
export const HERE: Platform['architecture'] = process.arch === 'arm64' ? 'arm64' : 'amd64'

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
