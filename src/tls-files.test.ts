import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readTls, watchFiles, whenThere } from './tls-files.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'seca-tls-'))

/** Replaces what a folder shows as kubelet does: a link to another folder, swapped at once. */
function mount(at: string, version: string, content: Readonly<Record<string, string>>): void {
  mkdirSync(join(at, version))
  for (const [name, text] of Object.entries(content)) writeFileSync(join(at, version, name), text)
  symlinkSync(version, join(at, '..data_tmp'))
  renameSync(join(at, '..data_tmp'), join(at, '..data'))
}

test('files of a Secret that comes later are waited for, and what is missing is told once', async () => {
  const at = folder()
  const files = ['tls.crt', 'tls.key'].map((name) => join(at, name))
  const told: string[][] = []
  writeFileSync(files[0]!, 'certificate')
  writeFileSync(files[1]!, '')
  const there = whenThere(files, new AbortController().signal, (missing) => void told.push([...missing]))
  setTimeout(() => writeFileSync(files[1]!, 'key'), 700)
  expect(await there).toBe(true)
  expect(told).toEqual([[files[1]]])
})

test('waiting ends with the process', async () => {
  const stop = new AbortController()
  const there = whenThere([join(folder(), 'never')], stop.signal, () => undefined)
  stop.abort()
  expect(await there).toBe(false)
})

test('a Secret that kubelet swaps is read again', async () => {
  const at = folder()
  mount(at, 'one', { 'tls.crt': 'first', 'tls.key': 'a' })
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(`..data/${name}`, join(at, name))
  const files = { certFile: join(at, 'tls.crt'), keyFile: join(at, 'tls.key') }
  const stop = new AbortController()
  const seen: string[] = []
  const watching = watchFiles(files, 20, stop.signal, () => {
    seen.push(readTls(files).cert)
    stop.abort()
  })
  // Files' times have a resolution.
  await new Promise((resolve) => setTimeout(resolve, 50))
  mount(at, 'two', { 'tls.crt': 'second', 'tls.key': 'b' })
  await watching
  expect(seen).toEqual(['second'])
})
