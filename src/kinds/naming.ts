/** Longest SECA name (SECA.md §1). */
export const MAX_NAME = 128
/** SECA's name pattern (SECA.md §1). */
export const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

/** Whether an object can be called so in SECA. */
export const isName = (text: string): boolean => text.length <= MAX_NAME && NAME.test(text)

/** Whether a parent or a region can be called so: other names begin with theirs and a dot (DESIGN §2). */
export const isLabel = (text: string): boolean => text.length <= 63 && LABEL.test(text)

/** Tenant whose SKUs are everyone's (DESIGN §2). */
export const CATALOGUE_TENANT = 'seca'
