import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Prometheus' own checker of rules: `SECA_PROMTOOL`, or what PATH has. */
const program =
  process.env['SECA_PROMTOOL'] ??
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'promtool'))
    .find(isProgram)

/** Why tests of alerts cannot run here, in one line. */
export const lackingPromtool =
  program === undefined ? "promtool is missing: install Debian's package `prometheus`, or name the program in SECA_PROMTOOL" : undefined

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
