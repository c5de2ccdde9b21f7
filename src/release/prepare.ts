import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SecaError } from '../errors.ts'
import { CHANGELOG, sectionOf, withRelease } from './changelog.ts'
import type { Repository } from './repository.ts'
import { compareVersions } from './version.ts'

const CHART = 'charts/seca-operator/Chart.yaml'
const JSON_VERSION = /("name": "seca-operator",\n\s*"version": )"[^"]*"/g
const CHART_VERSION = /^((?:v|appV)ersion: ).*$/gm

/** Files that say the version, and where. */
const PLACES: readonly (readonly [string, RegExp, number])[] = [
  ['package.json', JSON_VERSION, 1],
  ['package-lock.json', JSON_VERSION, 2],
  [CHART, CHART_VERSION, 2],
]

interface Options {
  readonly root: string
  readonly version: string
  readonly repository: Repository
  /** `2026-11-27` */
  readonly date: string
}

/** Writes a version and its section of the changelog into a checkout, for somebody to look at and commit; resolves with the files. */
export async function prepare({ root, version, repository, date }: Options): Promise<readonly string[]> {
  const last = repository.versions.at(-1)
  const newer = repository.versions.find((one) => compareVersions(one, version) >= 0)
  if (newer !== undefined)
    throw new SecaError('Conflict', `${newer} is released already: ${version} does not come after it. Nothing was changed.`)
  const changelog = withRelease(textOf(root, CHANGELOG), {
    version,
    date,
    subjects: last === undefined ? undefined : await repository.subjectsSince(last),
  })
  const texts = PLACES.map(([file, pattern, times]) => {
    const text = textOf(root, file)
    const found = text.match(pattern)?.length ?? 0
    if (found !== times) throw new SecaError('Internal', `${file} says its version in ${found} places instead of ${times}`)
    const isJson = file.endsWith('.json')
    return [file, text.replace(pattern, (_, before: string) => `${before}${isJson ? JSON.stringify(version) : version}`)] as const
  })
  for (const [file, text] of [...texts, [CHANGELOG, changelog] as const]) writeFileSync(join(root, file), text)
  return [...texts.map(([file]) => file), CHANGELOG]
}

/** What a checkout says of a version in the changelog. Throws where its files are of another version, or do not tell of it. */
export function requirePrepared(root: string, version: string): string {
  const wrong = PLACES.filter(([file, pattern, times]) => {
    const said = [...textOf(root, file).matchAll(pattern)].map(([text]) => text)
    return said.length !== times || !said.every((text) => text.endsWith(file.endsWith('.json') ? `"${version}"` : `: ${version}`))
  })
  const section = sectionOf(textOf(root, CHANGELOG), version)
  const missing = [...wrong.map(([file]) => file), ...(section === undefined ? [CHANGELOG] : [])]
  if (section === undefined || missing.length > 0)
    throw new SecaError(
      'InvalidConfiguration',
      `the sources are not those of ${version} (${missing.join(', ')}): npm run release -- --version ${version} --prepare, look at it, commit it`,
    )
  return section
}

function textOf(root: string, file: string): string {
  return existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''
}
