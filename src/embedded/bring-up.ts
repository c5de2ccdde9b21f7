import type { StartConfig } from '../cli/config.ts'
import type { Progress } from '../cli/progress.ts'
import type { SecaError } from '../errors.ts'
import type { Folder } from './folder.ts'

/** Namespace of the operator in what `npm start` runs. */
export const OPERATOR_NAMESPACE = 'seca-system'
/** The tenant that is there for people; a subject of that name administers it. */
export const TENANT = 'demo'

/** What every way of bringing everything up gets. */
export interface BringUp {
  readonly config: StartConfig
  readonly folder: Folder
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Run backwards when everything stops; each takes away one thing that was started. */
  readonly cleanup: (() => Promise<void> | void)[]
}

export interface Running {
  /** Resolves with what happened when something ends without which the rest cannot go on. */
  readonly failed: Promise<SecaError> | undefined
}
