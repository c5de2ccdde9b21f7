import { SecaError } from '../errors.ts'

export const CHANGELOG = 'CHANGELOG.md'
const HEAD = `# Changelog

All notable changes, newest first, in the form of [Keep a Changelog](https://keepachangelog.com/en/1.1.0/); versions follow [Semantic Versioning](https://semver.org).
`
const UNRELEASED = '## [Unreleased]'

/** Which part of a section a commit belongs into, by the first word of its line; most say what is true now. */
const PARTS: readonly (readonly [string, RegExp])[] = [
  ['Added', /^(add(s|ed)?|feat(ure)?|new)\b/i],
  ['Deprecated', /^deprecate[sd]?\b/i],
  ['Removed', /^(remove[sd]?|drop(s|ped)?)\b/i],
  ['Fixed', /^(fix(es|ed)?|mend(s|ed)?|repair(s|ed)?)\b/i],
  ['Security', /^security\b/i],
  ['Changed', /^/],
]

interface Release {
  readonly version: string
  /** `2026-11-27` */
  readonly date: string
  /** First lines of the commits since the last tag, newest first; undefined: there is no tag yet. */
  readonly subjects: readonly string[] | undefined
}

/**
 * The text of a changelog (empty: there is none yet) with a section of a version. What somebody wrote under "Unreleased" comes first in it, and is
 * not said again. Throws where the version has a section.
 */
export function withRelease(text: string, { version, date, subjects }: Release): string {
  if (sectionOf(text, version) !== undefined) throw new SecaError('Conflict', `${CHANGELOG} has a section of ${version} already`)
  const [head, unreleased, rest] = partsOf(text || HEAD)
  const commits = subjects?.filter((subject) => !subject.startsWith('Merge ') && !unreleased.includes(subject))
  const written = commits === undefined ? '### Added\n\n- The first release.' : grouped(commits)
  const body = [unreleased, unreleased === '' || written !== '' ? written || 'No changes.' : ''].filter((part) => part !== '').join('\n\n')
  return [head, UNRELEASED, `## [${version}] - ${date}\n\n${body}`, rest].filter((part) => part !== '').join('\n\n') + '\n'
}

/** What a changelog says of a version, without the heading; undefined: nothing. */
export function sectionOf(text: string, version: string): string | undefined {
  const [, section] = text.split(new RegExp(`^## \\[${version.replaceAll('.', String.raw`\.`)}\\].*$`, 'm'))
  return section?.split(/^## /m)[0]?.trim()
}

function partsOf(text: string): readonly [string, string, string] {
  const start = text.search(/^## /m)
  if (start < 0) return [text.trim(), '', '']
  const [head, sections] = [text.slice(0, start).trim(), text.slice(start)]
  if (!sections.startsWith(UNRELEASED)) return [head, '', sections.trim()]
  const next = sections.slice(1).search(/^## /m)
  const end = next < 0 ? sections.length : next + 1
  return [head, sections.slice(UNRELEASED.length, end).trim(), sections.slice(end).trim()]
}

function grouped(subjects: readonly string[]): string {
  const partOf = (subject: string) => PARTS.find(([, pattern]) => pattern.test(subject))?.[0]
  const order = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
  const parts = order.map((part) => [part, subjects.filter((subject) => partOf(subject) === part)] as const)
  return parts
    .filter(([, lines]) => lines.length > 0)
    .map(([part, lines]) => `### ${part}\n\n${lines.map((line) => `- ${line}`).join('\n')}`)
    .join('\n\n')
}
