import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ImageConfig } from './archive.ts'
import type { DebianFile } from './apt.ts'
import { baseLayer, CA_BUNDLE, NONROOT } from './base.ts'
import type { Bundle } from './bundle.ts'
import type { Lock } from './debian.ts'
import type { Entry } from './layer.ts'
import type { Node } from './node.ts'
import { type NpmPackage, noticesOf } from './packages.ts'

const NODE = '/usr/local/bin/node'
const PROGRAM = '/app/seca-operator.mjs'

/** A layer of the image with what it is for. */
export interface NamedLayer {
  readonly name: 'base' | 'node' | 'app'
  readonly entries: readonly Entry[]
}

interface Parts {
  readonly root: string
  readonly debian: readonly DebianFile[]
  readonly release: Lock['release']
  readonly node: Node
  readonly bundle: Bundle
  readonly packages: readonly NpmPackage[]
  readonly signal?: AbortSignal | undefined
}

/** Layers of the image, lowest first: what changes least lies lowest, so that a new version of ours is a small download. */
export async function layersOf({ root, debian, release, node, bundle, packages, signal }: Parts): Promise<NamedLayer[]> {
  const text = (path: string, content: Uint8Array | string): Entry => ({ path, mode: 0o644, content })
  return [
    { name: 'base', entries: await baseLayer(debian, release, signal) },
    { name: 'node', entries: [{ path: NODE, mode: 0o755, content: node.binary }, text('/usr/local/share/doc/node/LICENSE', node.license)] },
    {
      name: 'app',
      entries: [
        text(PROGRAM, bundle.code),
        text('/app/LICENSE', readFileSync(join(root, 'LICENSE'))),
        text('/app/THIRD-PARTY-NOTICES.txt', noticesOf(root, packages)),
      ],
    },
  ]
}

/** How a container of the image runs. A subcommand is given as argument; without one it lists them. */
export function configOf(about: { readonly version: string; readonly description: string; readonly license: string }): ImageConfig {
  return {
    User: `${NONROOT}:${NONROOT}`,
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', `SSL_CERT_FILE=${CA_BUNDLE}`],
    // Memory is worth more to a pod than a shorter pause now and then: a young generation of 4 MiB instead of 16.
    Entrypoint: [NODE, '--max-semi-space-size=4', PROGRAM],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': 'seca-operator',
      'org.opencontainers.image.description': about.description,
      'org.opencontainers.image.version': about.version,
      'org.opencontainers.image.licenses': about.license,
    },
  }
}
