import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Child, endingError, startChild } from '../../src/embedded/process/child.ts'
import { readPids, writePids } from '../../src/embedded/process/leftovers.ts'
import { eventually } from './harness.ts'

interface Launch {
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** Answers 200 once the program works; default: nothing is waited for. */
  readonly probe?: string
}

/** Programs that a test runs in a folder of their own, as clients of a cluster. */
export interface Programs {
  readonly folder: string
  /** Starts one. Its command line has to name the folder: that tells a leftover of a run that was killed. */
  launch(name: string, command: string, launch: Launch): Promise<void>
  /** Resolves when all probes have answered; rejects when a program ended. */
  ready(): Promise<void>
  logs(name: string): string
  stop(): Promise<void>
}

export function programsIn(...folders: readonly string[]): Programs {
  // The global set-up sweeps up folders of this name that a killed run leaves behind.
  const folder = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
  for (const name of ['logs', ...folders]) mkdirSync(join(folder, name), { recursive: true })
  const children: Child[] = []
  const probes: string[] = []
  const logFile = (name: string) => join(folder, 'logs', `${name}.log`)
  return {
    folder,
    async launch(name, command, { args, env, probe }) {
      const child = await startChild({ name, command, args, logFile: logFile(name), graceMs: 10_000, ...(env ? { env } : {}) })
      children.push(child)
      writePids(folder, { ...readPids(folder), [name]: child.pid })
      if (probe !== undefined) probes.push(probe)
    },
    async ready() {
      const gone = Promise.race(children.map(async ({ ended }) => Promise.reject(endingError(await ended))))
      const answers = Promise.all(probes.map((url) => eventually(async () => (await fetch(url)).ok)))
      await Promise.race([answers, gone])
      // Nobody waits for their end any more.
      gone.catch(() => undefined)
    },
    logs: (name) => readFileSync(logFile(name), 'utf8'),
    async stop() {
      for (const child of children.toReversed()) await child.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
