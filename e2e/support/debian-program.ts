import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../src/image/cache.ts'

/** A program of a Debian package: what PATH has, or what is in the package, which is not installed: services that come along do not start. Undefined: there is none. */
export function debianProgram(packageName: string, program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find(isProgram) ?? fetched(packageName, program)
}

function fetched(packageName: string, program: string): string | undefined {
  const folder = join(cacheFolder(), packageName)
  const file = join(folder, 'usr/bin', program)
  if (isProgram(file)) return file
  const partial = `${folder}.${process.pid}`
  try {
    mkdirSync(partial, { recursive: true })
    const command = `apt-get download -qq ${packageName} && dpkg-deb --extract ${packageName}_*.deb . && rm ${packageName}_*.deb`
    execFileSync('sh', ['-c', command], { cwd: partial, stdio: 'ignore' })
    renameSync(partial, folder)
  } catch {
    // Not on a Debian, or another part of the tests was faster.
    rmSync(partial, { recursive: true, force: true })
  }
  return isProgram(file) ? file : undefined
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
