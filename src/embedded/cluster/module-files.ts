import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { SecaError } from '../../errors.ts'
import { moduleFolder } from './go.ts'

/** Files, or folders of files, by the Go module that has them. */
export type ModuleFiles = Readonly<Record<string, readonly string[]>>

/** A text in a file of a Go module that is another one in what we build. It must be there once. */
export interface Edit {
  readonly module: string
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Copies files of Go modules into `target`, which appears when it is whole. `module`: folder of the go.mod that says which versions. */
export async function copyFromModules(module: string, files: ModuleFiles, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const partial = `${target}.partial`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { recursive: true })
  for (const [name, paths] of Object.entries(files)) {
    const folder = await moduleFolder(module, name, env)
    for (const path of paths) {
      const source = join(folder, path)
      const all = statSync(source).isDirectory() ? readdirSync(source).map((file) => join(source, file)) : [source]
      for (const file of all) copyFileSync(file, join(partial, basename(file)))
    }
  }
  renameSync(partial, target)
}

/**
 * Makes edited copies of Go modules below `folder`, and a go.mod there that takes them; resolves with its path, for `go build -modfile`.
 * (`-overlay` refuses files of modules.)
 */
export async function editModules(module: string, edits: readonly Edit[], folder: string, env: NodeJS.ProcessEnv): Promise<string> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  let goMod = readFileSync(join(module, 'go.mod'), 'utf8')
  for (const [name, ofModule] of Map.groupBy(edits, (edit) => edit.module)) {
    const copy = join(folder, basename(name))
    cpSync(await moduleFolder(module, name, env), copy, { recursive: true, filter: (path) => !/\/(docs|node_modules)$/.test(path) })
    goMod += `\nreplace ${name} => ${copy}\n`
    for (const { file, from, to } of ofModule) {
      const path = join(copy, file)
      const parts = readFileSync(path, 'utf8').split(from)
      if (parts.length !== 2) throw new SecaError('Internal', `${name}/${file} has ${from} ${parts.length - 1} times instead of once`)
      // Files of modules are read-only.
      chmodSync(path, 0o644)
      writeFileSync(path, parts.join(to))
    }
  }
  writeFileSync(join(folder, 'go.mod'), goMod)
  copyFileSync(join(module, 'go.sum'), join(folder, 'go.sum'))
  return join(folder, 'go.mod')
}
