import { createReadStream, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readTar } from '../image/tar.ts'
import { packChart, withImage } from './chart.ts'

const ROOT = join(import.meta.dirname, '../..')
const image = { registry: 'r.example.org/seca', digest: `sha256:${'ab'.repeat(32)}` }
const values = readFileSync(join(ROOT, 'charts/seca-operator/values.yaml'), 'utf8')

test('the chart has the image of its release as default, and no other value changes', () => {
  const before = parse(values) as { image: object }
  expect(parse(withImage(values, image))).toEqual({ ...before, image: { ...before.image, ...image } })
  expect(() => withImage(withImage(values, image), image)).toThrow('no empty image.registry')
})

test('is packed to the same bytes, with everything in one folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'seca-chart-'))
  const files = ['a.tgz', 'b.tgz'].map((name) => join(folder, name))
  for (const file of files) await packChart(ROOT, image, file)
  expect(readFileSync(files[0]!).equals(readFileSync(files[1]!))).toBe(true)
  const members = await readTar(createReadStream(files[0]!), [createGunzip()])
  expect([...members.keys()].every((name) => name.startsWith('seca-operator/'))).toBe(true)
  expect(members.get('seca-operator/values.yaml')?.content.toString()).toBe(withImage(values, image))
  expect(members.has('seca-operator/templates/crds/instances.compute.secapi.cloud.yaml')).toBe(true)
})
