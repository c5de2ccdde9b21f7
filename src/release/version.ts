import { SecaError } from '../errors.ts'

// semver.org, without build metadata: a tag of a registry has no "+".
const PATTERN = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/

interface Version {
  readonly numbers: readonly number[]
  /** After the dash, by dots; empty: a release proper. */
  readonly pre: readonly string[]
}

/** Throws when it is none. */
export function parseVersion(text: string): Version {
  const [, major, minor, patch, pre] = PATTERN.exec(text) ?? []
  if (major === undefined) throw new SecaError('InvalidConfiguration', `--version ${text} is not a version such as 1.2.0 or 1.2.0-rc.1`)
  return { numbers: [major, minor, patch].map(Number), pre: pre?.split('.') ?? [] }
}

/** Below 0: the first comes before the second (semver.org, 11). */
export function compareVersions(one: string, other: string): number {
  const [a, b] = [parseVersion(one), parseVersion(other)]
  const numbers = a.numbers.map((number, index) => number - (b.numbers[index] ?? 0)).find((difference) => difference !== 0)
  if (numbers !== undefined) return numbers
  if (a.pre.length === 0 || b.pre.length === 0) return b.pre.length - a.pre.length
  for (const [index, left] of a.pre.entries()) {
    const right = b.pre[index]
    if (right === undefined) return 1
    if (left !== right) return compareParts(left, right)
  }
  return a.pre.length - b.pre.length
}

function compareParts(left: string, right: string): number {
  const [l, r] = [left, right].map((part) => (/^\d+$/.test(part) ? Number(part) : undefined))
  if (l !== undefined && r !== undefined) return l - r
  if (l !== undefined || r !== undefined) return l === undefined ? 1 : -1
  return left < right ? -1 : 1
}
