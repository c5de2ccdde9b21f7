import { type Html, html } from './html.ts'
import type { Schema } from './openapi-schemas.ts'

const REF = '#/components/schemas/'

/** Anchor of a schema's section. */
export const schemaId = (name: string): string => `schema-${name}`

/** Name of the schema that a node points to. */
export function refOf(schema: Schema): string | undefined {
  const ref = schema['$ref']
  return typeof ref === 'string' && ref.startsWith(REF) ? ref.slice(REF.length) : undefined
}

/** A table of an object's fields, nested objects and lists within. */
export function fieldsTable(schema: Schema): Html | undefined {
  const properties = schema['properties'] as Readonly<Record<string, Schema>> | undefined
  if (properties === undefined || Object.keys(properties).length === 0) return undefined
  const required = (schema['required'] as readonly string[] | undefined) ?? []
  return html`<table class="fields">
    <thead>
      <tr>
        <th>Field</th>
        <th>Type</th>
        <th>Meaning</th>
      </tr>
    </thead>
    <tbody>
      ${Object.entries(properties).map(
        ([name, field]) =>
          html`<tr>
            <td><code>${name}</code>${required.includes(name) && html`<span class="required" title="required">*</span>`}</td>
            <td>${typeOf(field)}</td>
            <td>${String(field['description'] ?? '')}${limits(field)}${nested(field)}</td>
          </tr> `,
      )}
    </tbody>
  </table>`
}

/** `string`, `Reference`, `list of integer`. */
export function typeOf(schema: Schema): Html {
  const name = refOf(schema)
  if (name !== undefined) return html`<a href="#${schemaId(name)}">${name}</a>`
  if (schema['type'] === 'array') return html`list of ${typeOf((schema['items'] as Schema | undefined) ?? {})}`
  if (schema['additionalProperties'] !== undefined && schema['properties'] === undefined)
    return html`map of ${typeOf(schema['additionalProperties'] as Schema)}`
  return html`${String(schema['type'] ?? 'anything')}${schema['format'] !== undefined && html` <small>${String(schema['format'])}</small>`}`
}

const LIMITS: Readonly<Record<string, string>> = {
  default: 'default',
  minimum: 'at least',
  maximum: 'at most',
  minLength: 'characters, at least',
  maxLength: 'characters, at most',
  minItems: 'items, at least',
  maxItems: 'items, at most',
  pattern: 'pattern',
}

function limits(schema: Schema): Html | undefined {
  const found = Object.entries(LIMITS).flatMap(([key, label]) => (schema[key] === undefined ? [] : [{ label, value: show(schema[key]) }]))
  const values = schema['enum'] as readonly unknown[] | undefined
  if (values !== undefined) found.unshift({ label: 'one of', value: values.map(show).join(' ') })
  if (schema['readOnly'] === true) found.unshift({ label: 'read only', value: '' })
  if (found.length === 0) return undefined
  return html`<div class="limits">
    ${found.map(({ label, value }) => html`<span>${label}${value !== '' && html` <code>${value}</code>`}</span>`)}
  </div>`
}

const show = (value: unknown): string => (typeof value === 'string' ? value || '""' : JSON.stringify(value))

function nested(schema: Schema): Html | undefined {
  const inner = schema['type'] === 'array' ? (schema['items'] as Schema | undefined) : schema
  if (inner === undefined || refOf(inner) !== undefined) return undefined
  return fieldsTable(inner)
}

/** Limits of a schema that is not an object: enumerations, patterns. */
export const limitsOf = limits
