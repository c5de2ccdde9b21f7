import { execFile } from 'node:child_process'
import { lackingOf, programOf } from './prometheus-package.ts'

const program = programOf('promtool')

/** Why tests of alerts cannot run here, in one line. */
export const lackingPromtool = program === undefined ? lackingOf('promtool') : undefined

/** Runs promtool, Prometheus' own checker of rules; rejects with what it says. */
export function promtool(...args: readonly string[]): Promise<string> {
  if (program === undefined) throw new Error(lackingPromtool)
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`))
      else resolve(stdout)
    })
  })
}
