import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const ROOT = join(import.meta.dirname, '../..')

/** Text of the one code block of a page that has these words: what users are told is what tests do. */
export function blockOf(page: string, language: string, words: string): string {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const blocks = [...text.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) => block)
  const found = blocks.filter((block) => block.includes(words))
  if (found.length !== 1) throw new Error(`${page} has ${found.length} ${language} blocks with "${words}" instead of one`)
  return found[0]!
}

/** Objects of a block of YAML, after other texts were put in the place of some: a page names a repository of its own, and is in no hurry. */
export function objectsOf<T extends object>(page: string, words: string, instead: Readonly<Record<string, string>>): T[] {
  let text = blockOf(page, 'yaml', words)
  for (const [from, to] of Object.entries(instead)) text = text.replaceAll(from, to)
  return parseAllDocuments(text).map((document) => document.toJS() as T)
}

/** The shell commands of a page, block by block, by the headings that they stand under; those within lists too. */
export function commandsOf(page: string): ReadonlyMap<string, readonly string[]> {
  const sections = readFileSync(join(ROOT, page), 'utf8').split(/^##+ /m)
  const blocks = (text: string) =>
    [...text.matchAll(/^( *)```sh\n([^]*?)^ *```$/gm)].map(([, indent = '', block = '']) =>
      block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    )
  return new Map(sections.map((text) => [text.split('\n', 1)[0] ?? '', blocks(text)] as const).filter(([, found]) => found.length > 0))
}
