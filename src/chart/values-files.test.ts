import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { Values } from './values.ts'
import { valuesRows, valuesSchema, valuesYaml } from './values-files.ts'

interface Schema {
  readonly $schema?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
}

it('values.yaml has every default, as YAML 1.1 reads it', () => {
  expect(parse(valuesYaml(), { version: '1.1' })).toEqual(Values.parse({}))
})

it('the schema refuses unknown keys but where Kubernetes decides, in the draft that Helm takes', () => {
  const schema = JSON.parse(valuesSchema()) as Schema
  expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#')
  const groups = (one: Schema): Schema[] => (one.properties ? [one, ...Object.values(one.properties).flatMap(groups)] : [])
  expect(groups(schema).length).toBeGreaterThan(10)
  for (const group of groups(schema)) expect(group.additionalProperties).toBe(false)
})

it('each value says what it is', () => {
  const rows = valuesRows()
  expect(rows.length).toBeGreaterThan(60)
  for (const [name, preset, about] of rows) {
    expect(about, name).toMatch(/\w/)
    expect(preset, name).not.toBe('`undefined`')
  }
})
