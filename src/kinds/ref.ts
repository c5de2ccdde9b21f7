import * as z from 'zod'

/** SECA reference (contract §4), stored and echoed exactly as it was sent. */
export const Reference = z.object({
  resource: z.string().min(1).max(256).describe('Name, "type/name", or full URN of the target.'),
  provider: z.string().max(64).optional().describe('API of the target, when not implied.'),
  tenant: z.string().max(64).optional().describe('Tenant of the target, when not the own.'),
  workspace: z.string().max(64).optional().describe('Workspace of the target, when not the own.'),
  region: z.string().max(64).optional().describe('Region of the target, when not the own.'),
})
export type Reference = z.output<typeof Reference>

/** How one reference field behaves (contract §9). */
export interface ReferenceRule {
  /** Kinds that the field may name; the first is meant when the reference does not say. */
  readonly to: readonly string[]
  /** What the referring object waits for before its cloud object is made; `late`: a target that is there is ready, one that is missing is used when it comes. */
  readonly wait: 'ready' | 'exists' | 'late' | 'none'
  /** Kinds of `to` that a SECA PUT refuses (422) while the target is missing; the others may come later. */
  readonly mustExist: readonly string[]
  /** The target is in use: its deletion waits until the referring object is gone. */
  readonly holds: boolean
}

const rules = z.registry<ReferenceRule>()

/** A reference field. Defaults: waits until the target is ready, may come later, does not hold it. */
export function ref(to: string | readonly string[], rule: Partial<Omit<ReferenceRule, 'to'>> = {}) {
  const kinds = typeof to === 'string' ? [to] : to
  return Reference.clone().register(rules, { to: kinds, wait: 'ready', mustExist: [], holds: false, ...rule })
}

/** A reference field of a schema: where it is (`['bootVolume', 'deviceRef']`, `[]` for "each item") and how it behaves. */
export interface ReferenceField {
  readonly path: readonly string[]
  readonly rule: ReferenceRule
}

/** Step in {@link ReferenceField.path} that means every item of an array. */
export const EACH = '[]'

/** All reference fields of an object schema. */
export function referenceFields(schema: z.ZodType): ReferenceField[] {
  return fieldsWith(schema, (field) => rules.get(field)).map(({ path, mark: rule }) => ({ path, rule }))
}

const tenants = z.registry<{ readonly isTenant: true }>()

/** A field that holds the name of a tenant, or `*`. A SECA PUT takes only tenants that the caller sees (contract §9). */
export function tenantName(schema: z.ZodString): z.ZodString {
  return schema.clone().register(tenants, { isTenant: true })
}

/** Paths of all fields that {@link tenantName} made. */
export function tenantFields(schema: z.ZodType): (readonly string[])[] {
  return fieldsWith(schema, (field) => tenants.get(field)).map(({ path }) => path)
}

/** Paths of all fields that are maps: their keys are the client's to choose. */
export function mapFields(schema: z.ZodType): (readonly string[])[] {
  return fieldsWith(schema, (field) => (field instanceof z.ZodRecord ? true : undefined)).map(({ path }) => path)
}

/** Fields of a schema that a registry knows, found by walking it. */
function fieldsWith<T>(
  schema: z.ZodType,
  markOf: (field: z.ZodType) => T | undefined,
  path: readonly string[] = [],
): { readonly path: readonly string[]; readonly mark: T }[] {
  const mark = markOf(schema)
  if (mark) return [{ path, mark }]
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return fieldsWith(schema.unwrap() as z.ZodType, markOf, path)
  if (schema instanceof z.ZodArray) return fieldsWith(schema.element as z.ZodType, markOf, [...path, EACH])
  if (!(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape).flatMap(([key, field]) => fieldsWith(field as z.ZodType, markOf, [...path, key]))
}
