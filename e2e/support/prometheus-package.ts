import { debianProgram } from './debian-program.ts'

/** A program of Prometheus: what its variable names (`SECA_PROMTOOL`), what PATH has, or what is in Debian's package `prometheus`. */
export const programOf = (name: 'prometheus' | 'promtool'): string | undefined =>
  process.env[`SECA_${name.toUpperCase()}`] ?? debianProgram('prometheus', name)

/** Why tests with a program of Prometheus cannot run here, in one line. */
export const lackingOf = (name: string): string =>
  `${name} is missing: install Debian's package \`prometheus\`, or name the program in SECA_${name.toUpperCase()}`
