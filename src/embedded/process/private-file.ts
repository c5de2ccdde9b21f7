import { renameSync, writeFileSync } from 'node:fs'

/** Writes a file that only the owner can read, all or nothing. */
export function write(path: string, content: string): void {
  writeFileSync(`${path}.tmp`, content, { mode: 0o600 })
  renameSync(`${path}.tmp`, path)
}
