import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What Go is told: the programs run on this machine, whatever a variable says; without cgo no C compiler is needed. */
export function goEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { GOOS: _os, GOARCH: _arch, ...rest } = env
  return { ...rest, CGO_ENABLED: '0', GOWORK: 'off' }
}

/** Folder with the sources of a Go module that another one (in folder `module`) requires; they are fetched where they are missing. */
export async function moduleFolder(module: string, name: string, env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', name], { cwd: module, env: goEnv(env) })
  return (JSON.parse(stdout) as { Dir: string }).Dir
}
