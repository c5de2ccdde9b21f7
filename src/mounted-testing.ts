import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A volume of a Secret, as the kubelet makes it: a folder for each version, a link to it that is swapped, links to the files in it. */
export interface Volume {
  path(file: string): string
  /** All files of it from now on. */
  mount(files: Readonly<Record<string, string>>): void
  remove(): void
}

export function createVolume(): Volume {
  const folder = mkdtempSync(join(tmpdir(), 'seca-volume-'))
  const path = (file: string) => join(folder, file)
  let version = 0
  return {
    path,
    mount(files) {
      const name = `..version_${++version}`
      mkdirSync(path(name))
      for (const [file, text] of Object.entries(files)) writeFileSync(path(join(name, file)), text)
      symlinkSync(name, path('..data_tmp'))
      renameSync(path('..data_tmp'), path('..data'))
      if (version > 1) rmSync(path(`..version_${version - 1}`), { recursive: true })
      for (const file of Object.keys(files)) {
        rmSync(path(file), { force: true })
        symlinkSync(join('..data', file), path(file))
      }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
