import { join } from 'node:path'
import type { Dispatcher } from 'undici'
import { during, type Progress } from '../../cli/progress.ts'
import { asError } from '../../errors.ts'
import { build, howToBuild, requireGo, type Sources } from './build.ts'
import { openHttp } from './download.ts'
import { fetchRelease, type Platform, releaseOf, type ReleaseServers } from './release.ts'

/** Folder, in that of the programs, for what is on the way. */
export const DOWNLOADS = 'download'

interface Options {
  readonly progress: Progress
  readonly env: NodeJS.ProcessEnv
  readonly signal: AbortSignal | undefined
  readonly settings: (ReleaseServers & { readonly download: boolean }) | undefined
  readonly platform: Platform | undefined
  readonly waitsMs: readonly number[] | undefined
}

interface Obtain {
  readonly program: string
  /** Default: those of the control plane. */
  readonly sources?: Sources
  /** Folder that gets the program, once it is whole. */
  readonly folder: string
  /** For the progress line: `kubectl (3 of 4)`. */
  readonly label: string
}

/** Gets programs one after the other: downloads each if that is wished for and possible, else builds it from source. */
export function openObtainer({ progress, env, signal, settings, platform, waitsMs }: Options): {
  obtain(what: Obtain): Promise<void>
  close(): Promise<void>
} {
  let http: Dispatcher | undefined
  let hasGo = false
  /** Release servers that failed: they are not asked for the next program. */
  const failed = new Set<string>()
  return {
    async obtain({ program, sources, folder, label }) {
      const file = join(folder, program)
      const release = settings?.download ? releaseOf(program, settings, platform) : undefined
      if (release && !failed.has(release.of)) {
        try {
          http ??= openHttp(env)
          const through = { release, file, folder: join(folder, DOWNLOADS), http, signal, waitsMs }
          await during(progress, `downloading ${label}`, (step) => fetchRelease({ ...through, step }))
          return
        } catch (thrown) {
          signal?.throwIfAborted()
          failed.add(release.of)
          progress.line(`${asError(thrown).message}. What is missing of ${release.of} is built from source instead: 5 to 15 minutes.`)
        }
      }
      if (!hasGo) await requireGo(env, sources && howToBuild(program))
      hasGo = true
      await during(progress, `building ${label}`, (step) => build({ program, ...(sources && { sources }), file, env, step, signal }))
    },
    close: async () => http?.destroy(),
  }
}
