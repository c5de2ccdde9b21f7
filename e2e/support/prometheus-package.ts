import { execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../src/image/cache.ts'

/** A program of Prometheus: what its variable names (`SECA_PROMTOOL`), what PATH has, or what is in Debian's package `prometheus`. */
export function programOf(name: 'prometheus' | 'promtool'): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return process.env[`SECA_${name.toUpperCase()}`] ?? folders.map((folder) => join(folder, name)).find(isProgram) ?? fetched(name)
}

/** Why tests with a program of Prometheus cannot run here, in one line. */
export const lackingOf = (name: string): string =>
  `${name} is missing: install Debian's package \`prometheus\`, or name the program in SECA_${name.toUpperCase()}`

function fetched(name: string): string | undefined {
  const folder = join(cacheFolder(), 'promtool')
  const file = join(folder, 'usr/bin', name)
  if (isProgram(file)) return file
  const partial = `${folder}.${process.pid}`
  try {
    mkdirSync(partial, { recursive: true })
    execFileSync('sh', ['-c', 'apt-get download -qq prometheus && dpkg-deb --extract prometheus_*.deb . && rm prometheus_*.deb'], {
      cwd: partial,
      stdio: 'ignore',
    })
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
