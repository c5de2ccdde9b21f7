import { readFileSync } from 'node:fs'
import { parse as parseYaml } from 'yaml'
import * as z from 'zod'
import { SecaError } from '../errors.ts'
import { type Field, fields, fromText, kebab } from './fields.ts'
import { type Entry, hint, readFlags } from './flags.ts'

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

interface Sources {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readFile?: (path: string) => string
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
    // A rule about several settings names them itself.
    if (issue.path.length === 0) {
      problems.push(issue.message)
      continue
    }
    if (told.has(issue.path[0])) continue
    told.add(issue.path[0])
    const field = known.find(({ key }) => key === issue.path[0])
    const entry = chosen.get(String(issue.path[0]))
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
  const operand = fields(schema).find(({ meta }) => meta.operand)?.fileKey
  return [
    `seca-operator ${command}${operand === undefined ? '' : ` [${operand}]`}: ${summary}`,
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
