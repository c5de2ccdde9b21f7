import { pino } from 'pino'

export type Log = pino.Logger

/** Keys that are never printed, at any depth that a log call of ours has. */
const SECRET_KEYS = ['token', 'password', 'secret', 'authorization', 'credentials', 'kubeconfig']

/** A JSON logger on stdout: constant lower-case message plus fields (kind, namespace, name, reason…). */
export function createLog(options: { level: string; name: string }): Log {
  const paths = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`])
  return pino({ name: options.name, level: options.level, redact: { paths, censor: '[redacted]' }, base: { name: options.name } })
}
