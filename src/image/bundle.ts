import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const ROOT = join(import.meta.dirname, '../..')

export interface Bundle {
  /** One ES module: the image's program. */
  readonly code: Uint8Array
  /** Packages that are in it, by their path in the lock file: `node_modules/undici`. */
  readonly packages: readonly string[]
}

/**
 * The operator in one file, the same bytes for the same sources and lock file. Names stay readable, so that a stack trace tells where
 * it was; comments with licences stay, too.
 */
export async function bundle(): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/operator.ts'],
    outfile: 'seca-operator.mjs',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'inline',
    logLevel: 'silent',
    // Packages in CommonJS ask for Node's own modules by require().
    banner: { js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);" },
  })
  const packages = new Set(Object.keys(metafile.inputs).flatMap((path) => packageOf(path) ?? []))
  return { code: outputFiles[0]?.contents ?? new Uint8Array(), packages: [...packages].toSorted() }
}

/** `node_modules/a/lib/x.js` → `node_modules/a`; scopes and nested packages as well. */
export function packageOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
}

// For the Containerfile.
if (import.meta.main) writeFileSync(process.argv[2] ?? 'seca-operator.mjs', (await bundle()).code)
