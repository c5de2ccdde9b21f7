import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
const skip = /node_modules|^\.seca|citations\.test\.ts$/
const files = globSync(['**/*.{ts,mjs,md}', '.*/**/*.md'], { cwd: root }).filter((file) => !skip.test(file))
const pages = files.filter((file) => file.endsWith('.md'))

/** Text by section number, `6` and `6.2`; a numbered list makes sections too (`11.3`). */
function sectionsOf(text: string): Map<string, string> {
  const sections = new Map<string, string>()
  for (const part of text.split(/^(?=##+ )/m)) {
    const number = /^##+ (\d+(?:\.\d+)?)\.? /.exec(part)?.[1]
    if (number === undefined) continue
    sections.set(number, part)
    for (const item of part.matchAll(/^(\d+)\. .*(?:\n {2,}.*)*/gm)) sections.set(`${number}.${item[1]}`, item[0])
  }
  // What is said in a subsection is said in its section.
  for (const [number, text_] of sections) {
    const [outer = ''] = number.split('.')
    if (outer !== number) sections.set(outer, `${sections.get(outer) ?? ''}\n${text_}`)
  }
  return sections
}

const DOCUMENTS: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  architecture: sectionsOf(read('docs/architecture.md')),
  contract: sectionsOf(read('docs/contract.md')),
}

const NUMBERS = /§(\d+(?:\.\d+)?)/g
/** `architecture §4 "Deletion"`, `contract §11.3, §11.5`, `contract §9, "delete"`. */
const CITATION = /\b(architecture|contract) (§\d+(?:\.\d+)?(?:,? (?:and )?§\d+(?:\.\d+)?)*)(?:,? "([^"]+)")?/g

/** Citations of what does not exist; a `§6` without a name is one of the document `own`. */
function wrongCitations(text: string, own = ''): string[] {
  const named = [...text.matchAll(CITATION)].filter(([, name = '', list = '', words = '']) => !isThere(name, list, words))
  const bare = text.replaceAll(CITATION, '').replaceAll(/RFC \d+ §[\d.]+/g, '')
  const others = own === '' ? [] : [...bare.matchAll(NUMBERS)].filter(([citation]) => !isThere(own, citation, ''))
  return [...named, ...others].map(([citation]) => citation)
}

function isThere(name: string, list: string, words: string): boolean {
  const sections = [...list.matchAll(NUMBERS)].map(([, number = '']) => DOCUMENTS[name]?.get(number))
  return !sections.includes(undefined) && sections.some((section) => section?.toLowerCase().includes(words.toLowerCase()))
}

/** Anchor that GitHub makes of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function wrongLinks(page: string): string[] {
  const text = read(page).replaceAll(/```[^]*?```|`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, target))) return [link]
    const anchors = anchor === undefined ? [] : [...read(target).matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1] ?? ''))
    return anchor === undefined || anchors.includes(anchor) ? [] : [link]
  })
}

/** Paths of this repository that are named in code spans. */
function wrongPaths(page: string): string[] {
  const paths = [...read(page).matchAll(/`((?:src|e2e|docs|providers|controllers|examples|crds)\/[\w./-]+)`/g)].map(
    (match) => match[1] ?? '',
  )
  return paths.filter((path) => !existsSync(join(root, path)) && !existsSync(join(root, dirname(page), path)))
}

const everywhere = (wrong: (file: string) => string[], among = files) =>
  among.flatMap((file) => wrong(file).map((what) => `${file}: ${what}`))

describe('citations', () => {
  it('are of sections that exist, and hold the words that are quoted', () => {
    const own = (file: string) => /^docs\/(architecture|contract)\.md$/.exec(file)?.[1]
    expect(everywhere((file) => wrongCitations(read(file), own(file)))).toEqual([])
  })

  it('are of documents of this project', () => {
    expect(everywhere((file) => [...read(file).matchAll(/DESIGN(?: §|\.md).{0,10}|SECA\.md.{0,10}/g)].map(([text]) => text))).toEqual([])
  })

  it('that are wrong are found', () => {
    const wrong = ['architecture §99', 'contract §6.9', 'contract §11.3, §11.99', 'architecture §4 "Nothing of the kind"']
    const right = [
      'architecture §4 "Deletion"',
      'contract §11.3, §11.5',
      'contract §5, architecture §3',
      'contract §9, "delete"',
      'RFC 9110 §99.1',
    ]
    expect([...wrong, ...right].flatMap((text) => wrongCitations(`(${text}).`))).toEqual(wrong)
    expect(wrongCitations('as it says (§99), and in §98', 'contract')).toEqual(['§99', '§98'])
  })
})

describe('pages', () => {
  it('link to what exists', () => {
    expect(everywhere(wrongLinks, pages)).toEqual([])
  })

  it('name files that exist', () => {
    expect(everywhere(wrongPaths, pages)).toEqual([])
  })
})
