import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ApiDocument } from './document-testing.ts'

const folder = mkdtempSync(join(tmpdir(), 'document-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'openapi.yaml')
writeFileSync(
  file,
  `
openapi: 3.0.1
paths:
  /things/{id}:
    parameters: [{name: depth, in: query}]
    get: &get
      responses:
        '200': {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
        default: {$ref: '#/components/responses/Trouble'}
  /things/first:
    get: *get
  /things:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Thing'}}}}
      responses: {'202': {description: taken}}
components:
  responses:
    Trouble: {content: {application/json: {schema: {type: object, required: [code], properties: {code: {type: string}}}}}}
  schemas:
    Thing: {type: object, required: [name], properties: {name: {type: string}, parent: {nullable: true, allOf: [{$ref: '#/components/schemas/Parent'}]}}}
    Parent: {type: object, properties: {id: {type: string}}}
`,
)
const document = new ApiDocument(file)
const thing = { name: 'a', parent: null }

describe('a document', () => {
  it('has nothing to say about what it describes', () => {
    expect(
      document.complaints({ method: 'GET', path: '/things/1', query: new URLSearchParams('depth=1'), status: 200, answer: thing }),
    ).toEqual([])
    expect(document.complaints({ method: 'GET', path: '/things/1', status: 404, answer: { code: 'x' } })).toEqual([])
    expect(document.complaints({ method: 'POST', path: '/things', status: 202, body: thing })).toEqual([])
    expect(document.complaints({ method: 'GET', path: '/nothing', status: 404 })).toEqual([])
  })

  it.each([
    ['a wrong type', { status: 200, answer: { name: 1 } }, 'must be string'],
    ['a property that nobody knows', { status: 200, answer: { ...thing, colour: 'red' } }, 'colour'],
    ['one further in', { status: 200, answer: { ...thing, parent: { colour: 'red' } } }, 'colour'],
    ['a missing one', { status: 200, answer: {} }, 'name'],
    ['an unknown status', { status: 202, answer: thing }, 'status is not in the document'],
    ['an error of another shape', { status: 404, answer: {} }, 'code'],
    ['an unknown query', { status: 200, answer: thing, query: new URLSearchParams('width=1') }, 'query width'],
    ['an unknown path', { path: '/nothing', status: 200 }, 'no such operation'],
    ['a wrong request', { method: 'POST', path: '/things', body: { name: null }, status: 202 }, 'request: /name must be string'],
  ])('finds %s', (_what, more, words) => {
    expect(document.complaints({ method: 'GET', path: '/things/1', ...more }).join()).toContain(words)
  })
})
