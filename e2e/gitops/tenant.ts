import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { lackingForGitops } from '../../src/dev/gitops.ts'
import { TENANT_LABEL, WORKSPACE_LABEL } from '../../src/kinds/names.ts'
import type { Files } from '../support/git.ts'
import type { Manifest } from '../support/manifest.ts'
import type { Tenant } from '../support/tenant.ts'

/** Why these tests are skipped; undefined when they are not. */
export const lacking = lackingForGitops(process.env)

/** The page whose YAML the tests apply, and what they put in the place of its repository. */
export const PAGE = 'docs/gitops.md'
export const PAGE_REPOSITORY = 'https://git.example/acme.git'

const EXAMPLE = join(import.meta.dirname, '../../examples/acme')

/** The example's files. */
export const ACME: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(EXAMPLE).map((name) => [name, readFileSync(join(EXAMPLE, name), 'utf8')]),
)

/** The same files in a folder. */
export const under = (folder: string, files: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]))

/** What takes files out again. */
export const without = (files: Files): Record<string, undefined> =>
  Object.fromEntries(Object.keys(files).map((path) => [path, undefined] as const))

export const manifestsOf = (text: string): Manifest[] => parseAllDocuments(text).map((document) => document.toJS() as Manifest)

/** Manifests as one file. */
export const fileOf = (manifests: readonly object[]): string => manifests.map((manifest) => `${JSON.stringify(manifest)}\n`).join('---\n')

/** Namespaces of a tenant and its workspace, as manifests bring them along. */
export function namespacesOf({ name, workspace, home, space }: Tenant): object[] {
  const namespace = (called: string, labels: object) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: called, labels } })
  return [namespace(home, { [TENANT_LABEL]: name }), namespace(space, { [TENANT_LABEL]: name, [WORKSPACE_LABEL]: workspace })]
}
