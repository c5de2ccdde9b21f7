import { execFile } from 'node:child_process'
import { debianProgram } from './debian-program.ts'

/** Prometheus' own checker of rules: `SECA_PROMTOOL`, what PATH has, or what is in Debian's package. */
const program = process.env['SECA_PROMTOOL'] ?? debianProgram('prometheus', 'promtool')

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
