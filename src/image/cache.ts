import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/** Folder for what was fetched for images; shared by all checkouts of this user. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'seca-operator', 'image')
}

/** Runs `work` with an empty folder, which is gone afterwards. */
export async function withFolder<T>(parent: string, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'partial-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Moves a file into the cache. Several processes may do so at once: each moves the same content, whole. */
export function keep(file: string, target: string): void {
  mkdirSync(dirname(target), { recursive: true })
  renameSync(file, target)
}
