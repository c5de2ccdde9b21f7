import * as z from 'zod'

/** A CEL rule in a CRD schema (`x-kubernetes-validations`). `fieldPath` is relative to the node that carries the rule. */
interface CelRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

/** Key under which rules are kept in a schema's metadata; it goes into the CRD as it is. */
const VALIDATIONS = 'x-kubernetes-validations'

/** The rules that a schema node carries. */
export function rulesOf(schema: z.ZodType): readonly CelRule[] {
  return (schema.meta()?.[VALIDATIONS] as readonly CelRule[] | undefined) ?? []
}

/** Adds CEL rules to a schema node, behind those that it has. The apiserver runs them; zod does not. */
export function cel<S extends z.ZodType>(schema: S, ...rules: readonly CelRule[]): S {
  return schema.meta({ [VALIDATIONS]: [...rulesOf(schema), ...rules] }) as S
}

/** A rule on the value alone: CEL for the apiserver and the same check for zod, so that our own API answers without asking. */
function check<S extends z.ZodType>(schema: S, rule: CelRule, holds: (value: z.output<S>) => boolean): S {
  return cel(schema.refine(holds, { error: rule.message }) as S, rule)
}

/** A required field that never changes. For an optional one use {@link immutableOptional} or {@link immutableOnceSet}. */
export function immutable<S extends z.ZodType>(schema: S, name: string): S {
  return cel(schema, { rule: 'self == oldSelf', message: `${name} cannot be changed; make a new object instead` })
}

/** A required number that never gets smaller. */
export function neverDecreases<S extends z.ZodType>(schema: S, name: string): S {
  return cel(schema, { rule: 'self >= oldSelf', message: `${name} cannot be made smaller` })
}

/**
 * An optional field that is set or left out for good. The rule on the field does not run when the field is missing on one
 * side, so without the rule on the parent `null` first and a new value then would get round it (architecture §8).
 */
export function immutableOptional<S extends z.ZodObject>(object: S, name: keyof S['shape'] & string): S {
  return lasting(object, name, `has(self.${name}) == has(oldSelf.${name})`, `${name} cannot be added or removed later`)
}

/** An optional field that may be set later but neither changes nor goes away once it is there. */
export function immutableOnceSet<S extends z.ZodObject>(object: S, name: keyof S['shape'] & string): S {
  return lasting(object, name, `!has(oldSelf.${name}) || has(self.${name})`, `${name} cannot be removed once it is set`)
}

function lasting<S extends z.ZodObject>(object: S, name: string, rule: string, message: string): S {
  const field = object.shape[name] as z.ZodType
  const fixed = object.extend({ [name]: immutable(field, name) }) as unknown as S
  const kept = object.meta()
  return cel(kept ? fixed.meta(kept) : fixed, { rule, message, fieldPath: `.${name}` })
}

const accepts = (schema: z.ZodType) => (text: string) => schema.safeParse(text).success
const isIpv4 = accepts(z.ipv4())
const isIpv6 = accepts(z.ipv6())
const isIpv4Cidr = accepts(z.cidrv4())
const isIpv6Cidr = accepts(z.cidrv6())

/** Text that is an IP address of either family. */
export function ip(schema: z.ZodString): z.ZodString {
  const rule = { rule: 'isIP(self)', message: 'must be an IPv4 or IPv6 address' }
  return check(schema, rule, (text) => isIpv4(text) || isIpv6(text))
}

/** Text that is an IP address, or empty. */
export function emptyOrIp(schema: z.ZodString): z.ZodString {
  const rule = { rule: "self == '' || isIP(self)", message: 'must be empty or an IPv4 or IPv6 address' }
  return check(schema, rule, (text) => text === '' || isIpv4(text) || isIpv6(text))
}

/** Text that is a CIDR block of either family, such as `10.0.0.0/16`. */
export function cidr(schema: z.ZodString): z.ZodString {
  const rule = { rule: 'isCIDR(self)', message: 'must be a CIDR block, such as 10.0.0.0/16 or 2001:db8::/32' }
  return check(schema, rule, (text) => isIpv4Cidr(text) || isIpv6Cidr(text))
}

export function ipv4Cidr(schema: z.ZodString): z.ZodString {
  const rule = { rule: 'isCIDR(self) && cidr(self).ip().family() == 4', message: 'must be an IPv4 CIDR block, such as 10.0.0.0/16' }
  return check(schema, rule, isIpv4Cidr)
}

export function ipv6Cidr(schema: z.ZodString): z.ZodString {
  const rule = { rule: 'isCIDR(self) && cidr(self).ip().family() == 6', message: 'must be an IPv6 CIDR block, such as 2001:db8::/56' }
  return check(schema, rule, isIpv6Cidr)
}

/** An object of which at least one of the named fields is there (and not an empty list). */
export function someOf<S extends z.ZodObject>(object: S, names: readonly (keyof S['shape'] & string)[], message: string): S {
  const listed = (name: string) => (unwrapped(object.shape[name] as z.ZodType) instanceof z.ZodArray ? ` && size(self.${name}) > 0` : '')
  const rule = names.map((name) => `(has(self.${name})${listed(name)})`).join(' || ')
  return check(object, { rule, message }, (value) =>
    names.some((name) => {
      const field = (value as Record<string, unknown>)[name]
      return Array.isArray(field) ? field.length > 0 : field !== undefined
    }),
  )
}

/** `low` is not above `high`, where both are given. */
export function ordered<S extends z.ZodObject>(object: S, low: keyof S['shape'] & string, high: keyof S['shape'] & string): S {
  const rule = `!has(self.${low}) || !has(self.${high}) || self.${low} <= self.${high}`
  return check(object, { rule, message: `${low} must not be above ${high}`, fieldPath: `.${low}` }, (value) => {
    const fields = value as Record<string, number | undefined>
    const [from, to] = [fields[low], fields[high]]
    return from === undefined || to === undefined || from <= to
  })
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault ? unwrapped(schema.unwrap() as z.ZodType) : schema
}
