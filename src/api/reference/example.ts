import * as z from 'zod'
import { kindNamed } from '../../kinds/index.ts'
import type { Kind } from '../../kinds/kind.ts'
import { EACH } from '../../kinds/ref.ts'

/** Values that say more than their schema does, by field. */
const VALUES: Readonly<Record<string, unknown>> = {
  ipv4: '10.0.0.0/16',
  destinationCidrBlock: '0.0.0.0/0',
  zone: 'a',
  subs: 'alice@example.com',
  roles: 'seca.workspace-editor',
  provider: 'seca.compute/v1',
  resources: 'instances/*',
  verb: 'get',
  workspaces: 'prod',
  sizeGB: 20,
}
/** Optional fields without which an example would say nothing, or not be valid. */
const SHOWN = new Set(['ipv4', 'workspaces', 'primaryNicRef', 'protocol', 'rules', 'ports', 'from'])

/** A body for a PUT of the kind: what is required and a little more. */
export function example(kind: Kind): Readonly<Record<string, unknown>> {
  return { labels: { env: 'demo' }, spec: valueOf(kind, kind.spec, []) }
}

function valueOf(kind: Kind, schema: z.ZodType, path: readonly string[]): unknown {
  const reference = kind.references.find((field) => field.path.join() === path.join())
  if (reference !== undefined) return { resource: targetOf(reference.rule.to[0] ?? '') }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) return valueOf(kind, schema.unwrap() as z.ZodType, path)
  const own = VALUES[path.findLast((step) => step !== EACH) ?? '']
  if (schema instanceof z.ZodArray) return [valueOf(kind, schema.element as z.ZodType, [...path, EACH])]
  if (own !== undefined) return own
  if (schema instanceof z.ZodEnum) return schema.options[0]
  if (schema instanceof z.ZodObject) return fieldsOf(kind, schema, path)
  if (schema instanceof z.ZodNumber) return Math.min(Math.max(schema.minValue ?? 1, 80), schema.maxValue ?? 80)
  if (schema instanceof z.ZodBoolean) return false
  return 'example'
}

function fieldsOf(kind: Kind, schema: z.ZodObject, path: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(schema.shape as Record<string, z.ZodType>)
      .filter(([key, field]) => !field.isOptional() || SHOWN.has(key))
      .map(([key, field]) => [key, valueOf(kind, field, [...path, key])]),
  )
}

/** `skus/my-storage-sku`: what the field names, in the short form. */
function targetOf(kindName: string): string {
  const target = kindNamed(kindName)
  return target === undefined ? 'my-resource' : `${target.collection}/my-${target.secaKind}`
}
