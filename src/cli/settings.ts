import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import * as z from 'zod'
import { SecaError } from '../errors.ts'

/** Reads settings from flags, environment and a file through one schema. Precedence: flag, environment, file, default. */

/** A time span written as people do: `500ms`, `10s`, `5m`, `1h`; milliseconds afterwards, `least` of them or more. */
export function milliseconds(preset: string, description: string, least = 0) {
  const span = z.string().regex(/^\d+(ms|s|m|h)$/, 'is not a time span such as 500ms, 10s, 5m or 1h')
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const
  return span
    .transform((text) => Number.parseInt(text, 10) * units[/[a-z]+$/.exec(text)?.[0] as keyof typeof units])
    .refine((value) => value <= 2_147_483_647, 'is too long (at most 24 days)')
    .refine((value) => value >= least, `is too short (at least ${least / 1000}s)`)
    .prefault(preset)
    .meta({ description, placeholder: 'time', preset })
}

/** A TCP port; 0 takes a free one. */
export function port(preset: number, description: string) {
  return z
    .int()
    .min(0)
    .max(65_535)
    .default(preset)
    .meta({ description: `${description}; 0 takes a free one`, placeholder: 'port', preset })
}

interface Field {
  readonly key: string
  readonly schema: z.ZodType
  /** `--drift-interval`, `SECA_DRIFT_INTERVAL`, `driftInterval` */
  readonly flag: string
  readonly variable: string
  readonly fileKey: string
  readonly inner: z.ZodType
  readonly meta: Meta
}

interface Meta {
  readonly description?: string
  readonly placeholder?: string
  readonly preset?: unknown
  /** Read from the command line alone. */
  readonly flagOnly?: boolean
}

const kebab = (text: string) => text.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

function fields(schema: z.ZodObject): Field[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([key, field]) => {
    const fileKey = key.replace(/Ms$/, '')
    const name = kebab(fileKey)
    const inner = unwrap(field)
    const meta = metaOf(field)
    return { key, schema: field, flag: `--${name}`, variable: `SECA_${name.replaceAll('-', '_').toUpperCase()}`, fileKey, inner, meta }
  })
}

/** What is said about a field, on the field itself or on what it wraps. */
function metaOf(schema: z.ZodType): Meta {
  const inner = isWrapper(schema) ? metaOf(schema.unwrap() as z.ZodType) : {}
  return { ...inner, ...(schema.meta() as Meta | undefined) }
}

function isWrapper(schema: z.ZodType): schema is z.ZodOptional | z.ZodDefault | z.ZodPrefault {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (isWrapper(schema)) return unwrap(schema.unwrap() as z.ZodType)
  return schema
}

export interface Sources {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => string
}

interface Entry {
  readonly value: unknown
  readonly source: string
}

/** Settings of one subcommand. Throws one `InvalidConfiguration` error that lists everything that is wrong. */
export function loadSettings<S extends z.ZodObject>(schema: S, sources: Sources): z.output<S> {
  const problems: string[] = []
  const known = fields(schema)
  const flags = readFlags(known, sources.args, problems)
  const path = flags.get('--config')?.value ?? sources.env['SECA_CONFIG']
  const file =
    typeof path === 'string'
      ? readConfigFile(known, path, sources.readFile ?? ((name) => readFileSync(name, 'utf8')), problems)
      : new Map<string, Entry>()
  const chosen = new Map<string, Entry>()
  for (const field of known) {
    const variable = field.meta.flagOnly ? undefined : sources.env[field.variable]
    const fromEnv = variable ? { value: fromText(field, variable), source: field.variable } : undefined
    const entry = flags.get(field.flag) ?? fromEnv ?? file.get(field.fileKey)
    if (entry) chosen.set(field.key, entry)
  }
  const result = schema.safeParse(Object.fromEntries([...chosen].map(([key, entry]) => [key, entry.value])))
  const told = new Set<unknown>()
  for (const issue of result.error?.issues ?? []) {
    if (told.has(issue.path[0])) continue
    told.add(issue.path[0])
    const field = known.find(({ key }) => key === issue.path[0])
    const entry = chosen.get(String(issue.path[0]))
    // A rule about several settings names them itself.
    if (issue.path.length === 0) {
      problems.push(issue.message)
      continue
    }
    const name = entry?.source ?? `${field?.flag ?? ''} (or ${field?.variable ?? ''})`
    const isSecret = /token|password|secret/i.test(field?.key ?? '')
    problems.push(entry ? `${name}: ${isSecret ? '' : `${JSON.stringify(entry.value)} `}${sentence(issue)}` : `${name} is required`)
  }
  if (problems.length > 0 || !result.success) throw new SecaError('InvalidConfiguration', problems.join('\n'))
  return result.data
}

function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `is not one of ${issue.values.join(', ')}`
  if (issue.code === 'invalid_type')
    return `is not ${issue.expected === 'int' || issue.expected === 'number' ? 'a whole number' : `a ${issue.expected}`}`
  if (issue.code === 'too_small' && issue.origin === 'string') return 'is empty'
  if (issue.code === 'too_big' && issue.origin === 'string') return `is longer than ${issue.maximum} characters`
  if (issue.code === 'too_small') return `is below ${issue.minimum}`
  if (issue.code === 'too_big') return `is above ${issue.maximum}`
  return issue.message
}

// Flags and variables are text; the schema says what they stand for. What does not fit stays text, for the error message.
function fromText({ inner }: Field, text: string): unknown {
  if (inner instanceof z.ZodNumber) return /^-?\d+$/.test(text) ? Number(text) : text
  if (inner instanceof z.ZodBoolean) return text === 'true' ? true : text === 'false' ? false : text
  return text
}

function readFlags(known: readonly Field[], args: readonly string[], problems: string[]): Map<string, Entry> {
  const found = new Map<string, Entry>()
  for (let index = 0; index < args.length; index++) {
    const [name = '', ...rest] = (args[index] ?? '').split('=')
    const field = known.find(({ flag }) => flag === name)
    if (!field && name !== '--config') {
      const flags = [...known.map(({ flag }) => flag), '--config', '--help']
      problems.push(`${name.startsWith('-') ? 'unknown flag' : 'unexpected argument'} ${name}${hint(name, flags)}`)
      // The value of a misspelt flag is not one more mistake.
      if (rest.length === 0 && args[index + 1]?.startsWith('-') === false) index++
      continue
    }
    if (field?.inner instanceof z.ZodBoolean) {
      found.set(name, { value: rest.length === 0 ? true : fromText(field, rest.join('=')), source: name })
      continue
    }
    const next = args[index + 1]
    const value = rest.length > 0 ? rest.join('=') : next
    if (value === undefined || (rest.length === 0 && value.startsWith('--'))) {
      problems.push(`${name} needs a value`)
      continue
    }
    if (rest.length === 0) index++
    found.set(name, { value: field ? fromText(field, value) : value, source: name })
  }
  return found
}

function readConfigFile(known: readonly Field[], path: string, readFile: (path: string) => string, problems: string[]): Map<string, Entry> {
  const found = new Map<string, Entry>()
  try {
    const content: unknown = parseYaml(readFile(path)) ?? {}
    if (typeof content !== 'object' || content === null || Array.isArray(content)) throw new Error('it is not a map of settings')
    for (const [key, value] of Object.entries(content)) {
      if (known.some(({ fileKey, meta }) => fileKey === key && !meta.flagOnly)) found.set(key, { value, source: `${key} in ${path}` })
      else
        problems.push(
          `unknown setting ${key} in ${path}${hint(
            key,
            known.map(({ fileKey }) => fileKey),
          )}`,
        )
    }
  } catch (error) {
    problems.push(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  return found
}

/** `; did you mean …?` when something known is close to what was written. */
export function hint(word: string, candidates: readonly string[]): string {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .toSorted((a, b) => a.distance - b.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(2, word.length / 3) ? `; did you mean ${best.candidate}?` : ''
}

// Levenshtein, row by row.
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of b.split('').entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}

/** Help text of one subcommand: every field with its variable and default. */
export function helpText(command: string, summary: string, schema: z.ZodObject): string {
  const rows = fields(schema).map((field) => {
    const { meta } = field
    const preset = meta.preset ?? defaultOf(field.schema)
    const values = field.inner instanceof z.ZodEnum ? field.inner.options.join('|') : undefined
    const value = field.inner instanceof z.ZodBoolean ? '' : ` <${meta.placeholder ?? values ?? kebab(field.fileKey).split('-').at(-1)}>`
    const shown = preset === undefined || preset === false ? '' : `Default: ${String(preset)}. `
    return [`${field.flag}${value}`, `${meta.description ?? ''}.`, meta.flagOnly ? shown : `${shown}Variable: ${field.variable}`] as const
  })
  const all = [
    ...rows,
    ['--config <file>', 'YAML file with these settings; its keys are the flags in camelCase.', 'Variable: SECA_CONFIG'] as const,
  ]
  const lines = all.flatMap(([flag, text, detail]) => [`  ${flag}`, `      ${text}`, ...(detail ? [`      ${detail}`] : [])])
  return [
    `seca-operator ${command}: ${summary}`,
    '',
    ...lines,
    '',
    'A flag wins over its variable, that over the file, that over the default.',
    '',
  ].join('\n')
}

function defaultOf(schema: z.ZodType): unknown {
  if (schema instanceof z.ZodDefault) return schema.def.defaultValue
  return schema instanceof z.ZodOptional ? defaultOf(schema.unwrap() as z.ZodType) : undefined
}
