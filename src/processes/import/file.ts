import { existsSync, linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { asError, SecaError } from '../../errors.ts'

/** Writes a file that must not be there yet: whole or not at all, and what somebody edited is not overwritten. Refuses one that is there at once. */
export function newFile(path: string): (text: string) => void {
  if (existsSync(path)) throw invalid(path, 'it is there already, and what you changed in it would be lost')
  return (text) => {
    let folder: string | undefined
    try {
      folder = mkdtempSync(join(dirname(path), '.import-'))
      const whole = join(folder, basename(path))
      writeFileSync(whole, text, { mode: 0o600, flush: true })
      linkSync(whole, path)
    } catch (error) {
      throw invalid(path, asError(error).message)
    } finally {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    }
  }
}

const invalid = (path: string, words: string) => new SecaError('InvalidConfiguration', `--file ${path}: ${words}; give another one`)
