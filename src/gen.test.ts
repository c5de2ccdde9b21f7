import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { generate, generated, stale } from './gen.ts'
import { allCrds } from './schema/crd.ts'

describe('gen', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seca-gen-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('has nothing to do in this repository', async () => {
    expect(await stale(join(import.meta.dirname, '..'))).toEqual([])
  })

  it('writes every CRD once, says the same each time, and YAML 1.1 reads it alike', async () => {
    expect((await generate(folder)).filter((path) => path.startsWith('crds/'))).toHaveLength(allCrds().length)
    expect(await generate(folder)).toEqual([])
    const documents = [...(await generated(folder))].filter(([path]) => path.startsWith('crds/')).map(([, text]) => text)
    expect(documents.map((text) => parse(text, { version: '1.1' }) as unknown)).toEqual(allCrds())
    expect(documents.every((text) => text.startsWith('# Generated'))).toBe(true)
  })

  it('names what is changed, missing or left over, and puts it right', async () => {
    await generate(folder)
    await appendFile(join(folder, 'crds/nics.network.secapi.cloud.yaml'), '# by hand\n')
    await rm(join(folder, 'crds/regions.region.secapi.cloud.yaml'))
    await writeFile(join(folder, 'crds/old.yaml'), '')
    const names = ['crds/nics.network.secapi.cloud.yaml', 'crds/old.yaml', 'crds/regions.region.secapi.cloud.yaml']
    expect(await stale(folder)).toEqual(names)
    expect(await generate(folder)).toEqual(names)
    expect(await stale(folder)).toEqual([])
  })
})
