import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readManifests } from './manifests.ts'

function folder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'seca-manifests-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  mkdirSync(join(path, 'more'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}
const namesIn = (path: string) => readManifests(path).map(({ metadata }) => metadata.name)
const one = (name: string) => `apiVersion: v1\nkind: Thing\nmetadata: {name: ${name}}\n`

describe('manifests', () => {
  it('come from a file, or from all of a folder, documents and lists taken apart', () => {
    const list = JSON.stringify({ kind: 'List', items: [{ apiVersion: 'v1', kind: 'Thing', metadata: { name: 'd' } }] })
    const path = folder({ 'a.yaml': `${one('a')}---\n${one('b')}`, 'more/c.yml': one('c'), 'more/d.json': list, 'notes.txt': one('x') })
    expect(namesIn(path)).toEqual(['a', 'b', 'c', 'd'])
    expect(namesIn(join(path, 'more/c.yml'))).toEqual(['c'])
  })

  it('are only what is an object; a mistake is named with its file', () => {
    expect(namesIn(folder({ 'a.yaml': 'replicas: 3\n---\n---\n- 1\n' }))).toEqual([])
    expect(() => readManifests(folder({ 'a.yaml': 'a: [' }))).toThrow(/a\.yaml: /)
    expect(() => readManifests('/nowhere/at/all')).toThrow('--adopt: ENOENT')
  })
})
