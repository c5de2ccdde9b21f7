import { execFile, execFileSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, renameSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../src/image/cache.ts'

/** Prometheus' own checker of rules: `SECA_PROMTOOL`, what PATH has, or what is in Debian's package, without the server that comes with it. */
const program =
  process.env['SECA_PROMTOOL'] ??
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'promtool'))
    .find(isProgram) ??
  fetched()

/** Why tests of alerts cannot run here, in one line. */
export const lackingPromtool =
  program === undefined ? "promtool is missing: install Debian's package `prometheus`, or name the program in SECA_PROMTOOL" : undefined

function fetched(): string | undefined {
  const folder = join(cacheFolder(), 'promtool')
  const file = join(folder, 'usr/bin/promtool')
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

/** Runs promtool; rejects with what it says. */
export function promtool(...args: readonly string[]): Promise<string> {
  if (program === undefined) throw new Error(lackingPromtool)
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`))
      else resolve(stdout)
    })
  })
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
