import * as z from 'zod'

/** SECA reference (SECA.md §4), stored and echoed exactly as it was sent. */
export const Reference = z.object({
  resource: z.string().min(1).max(256).describe('Name, "type/name", or full URN of the target.'),
  provider: z.string().max(64).optional().describe('API of the target, when not implied.'),
  tenant: z.string().max(64).optional().describe('Tenant of the target, when not the own.'),
  workspace: z.string().max(64).optional().describe('Workspace of the target, when not the own.'),
  region: z.string().max(64).optional().describe('Region of the target, when not the own.'),
})
export type Reference = z.output<typeof Reference>

/** How one reference field behaves (SECA.md §9). */
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

/** All reference fields of an object schema, found by walking it. */
export function referenceFields(schema: z.ZodType, path: readonly string[] = []): ReferenceField[] {
  const rule = rules.get(schema)
  if (rule) return [{ path, rule }]
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return referenceFields(schema.unwrap() as z.ZodType, path)
  if (schema instanceof z.ZodArray) return referenceFields(schema.element as z.ZodType, [...path, EACH])
  if (!(schema instanceof z.ZodObject)) return []
  return Object.entries(schema.shape).flatMap(([key, field]) => referenceFields(field as z.ZodType, [...path, key]))
}
