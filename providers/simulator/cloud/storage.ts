import * as z from 'zod'
import { type Fields, Refusal } from '../../stand-in/model.ts'
import type { TypeDefinition } from './model.ts'

const MB_PER_GB = 1024
/** A template holds only what was written on the volume: about a tenth. */
const USED = 0.1

export const projects: TypeDefinition = {
  prefix: 'prj',
  create: z.strictObject({}),
  change: z.strictObject({}),
  links: {},
}

export const volumes: TypeDefinition = {
  prefix: 'vol',
  create: z.strictObject({
    project: z.string(),
    size_gb: z.int().min(1).max(1_000_000),
    iops: z.int().min(1).max(45_000).optional(),
    media: z.enum(['local-ephemeral', 'local-durable', 'remote-durable']).optional(),
    source_template: z.string().optional(),
  }),
  change: z.strictObject({ size_gb: z.int().min(1).max(1_000_000) }).partial(),
  links: { project: { to: ['projects'], onDelete: 'hold' }, source_template: { to: ['templates'], onDelete: 'keep' } },
  complete(wanted, cloud, before) {
    const size = Number(wanted['size_gb'])
    if (before && size < Number(before.fields['size_gb']))
      throw new Refusal(
        422,
        'cannot_shrink',
        `volume ${before.id} has ${String(before.fields['size_gb'])} GB and cannot shrink to ${size} GB`,
      )
    const template = before ? undefined : cloud.find(String(wanted['source_template']))
    if (template && size * MB_PER_GB < Number(template.fields['size_mb']))
      throw new Refusal(422, 'too_small', `template ${template.id} needs a volume of at least ${String(template.fields['size_mb'])} MB`)
    return wanted
  },
}

const template = {
  source_volume: z.string(),
  arch: z.enum(['x86_64', 'aarch64']),
  firmware: z.enum(['uefi', 'bios']),
  init: z.enum(['none', 'cloud-init']),
}

export const templates: TypeDefinition = {
  prefix: 'tpl',
  create: z.strictObject(template),
  change: z.strictObject(template).partial(),
  links: { source_volume: { to: ['volumes'], onDelete: 'keep' } },
  complete(wanted, cloud, before) {
    if (before && before.fields['source_volume'] === wanted['source_volume']) return wanted
    const source = cloud.find(String(wanted['source_volume']))
    return { ...wanted, size_mb: Math.max(1, Math.ceil(Number(source?.fields['size_gb'] ?? 0) * MB_PER_GB * USED)) } satisfies Fields
  },
}
