import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The README's code block of a language that holds a text. */
export function readmeBlock(language: string, text: string): string {
  const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8')
  const block = [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].find((match) => match[1]?.includes(text))
  if (block?.[1] === undefined) throw new Error(`the README has no ${language} block with ${text}`)
  return block[1]
}
