import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Entry, withParents } from './layer.ts'

/** Writes entries as files into a new folder; they belong to who runs this. */
export function unpackInto(folder: string, entries: readonly Entry[]): void {
  mkdirSync(folder)
  for (const entry of withParents(entries)) {
    const path = join(folder, entry.path)
    if ('symlink' in entry) {
      symlinkSync(entry.symlink, path)
      continue
    }
    if ('folder' in entry) mkdirSync(path)
    else writeFileSync(path, entry.content, { flag: 'wx' })
    // The process' umask does not decide.
    chmodSync(path, entry.mode)
  }
}
