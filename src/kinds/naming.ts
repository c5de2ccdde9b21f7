/** Longest SECA name (contract §1). */
export const NAME_LENGTH = 128
/** Longest name that can be a label value or part of a namespace's name: tenants, workspaces, parents (architecture §2). */
export const LABEL_LENGTH = 63

/** SECA's name pattern (contract §1). */
export const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
export const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/

/** Whether an object can be called so in SECA; `max` for kinds whose names are shorter. */
export const isName = (text: string, max = NAME_LENGTH): boolean => text.length <= max && NAME.test(text)

/** Whether a parent or a region can be called so: other names begin with theirs and a dot (architecture §2). */
export const isLabel = (text: string): boolean => text.length <= LABEL_LENGTH && LABEL.test(text)

/** Tenant whose SKUs are everyone's (architecture §2). */
export const CATALOGUE_TENANT = 'seca'

/** What an image names that is made of no volume that anybody knows: it resolves to nothing. */
export const NO_VOLUME = 'catalog'
