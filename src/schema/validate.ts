import type * as z from 'zod'
import type { Kind } from '../kinds/kind.ts'

/** Something wrong in a spec: JSON Pointer into the body (`/spec/routes/0/destinationCidrBlock`) and what a person reads. */
export interface Issue {
  readonly pointer: string
  readonly message: string
}

type Validated =
  | { readonly ok: true; readonly spec: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly issues: readonly Issue[] }

/**
 * Checks the SECA fields of a spec (without the Kubernetes-only ones). Unknown fields are dropped and defaults filled in.
 * Rules that compare with the stored object run in the apiserver only.
 */
export function validateSpec(kind: Kind, spec: unknown): Validated {
  const input = kind.optionalSpec ? (spec ?? {}) : spec
  const result = kind.spec.safeParse(input)
  if (result.success) return { ok: true, spec: result.data }
  return { ok: false, issues: result.error.issues.map(issue) }
}

function issue({ path, message }: z.core.$ZodIssue): Issue {
  return { pointer: ['/spec', ...path.map(escaped)].join('/'), message }
}

/** RFC 6901. */
function escaped(key: PropertyKey): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1')
}
