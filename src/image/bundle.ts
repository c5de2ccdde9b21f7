import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'

/** The program as one file, and what went into it. */
export interface Bundle {
  readonly code: Uint8Array
  /** folders of npm packages in it, as package-lock.json names them: `node_modules/zod`; sorted */
  readonly packages: readonly string[]
}

// Packages in CommonJS ask for Node's own modules by `require`, which a module has not.
const REQUIRE = "import { createRequire as seca$require } from 'node:module';\nconst require = seca$require(import.meta.url);"
const CLIENT = '@kubernetes/client-node'

/**
 * Bundles `src/operator.ts` of a checkout at `root` into one ES module that needs no file beside it: modules that subcommands load
 * when they need them are in it, and still run only then. Names and lines stay, for stack traces. The same sources make the same bytes.
 */
export async function bundle(root: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: ['src/operator.ts'],
    absWorkingDir: root,
    outfile: join(root, 'seca-operator.mjs'),
    write: false,
    bundle: true,
    metafile: true,
    format: 'esm',
    platform: 'node',
    // As Node strips types, whatever tsconfig.json is found.
    tsconfigRaw: { compilerOptions: { strict: true, verbatimModuleSyntax: true } },
    // Paths in the comments stay the same where node_modules is a link.
    preserveSymlinks: true,
    // The licences come as a file of their own.
    legalComments: 'none',
    logLevel: 'silent',
    banner: { js: REQUIRE },
    // 15 MB that each start would read.
    alias: { [CLIENT]: `${CLIENT}/dist/config.js` },
    plugins: [withoutKinds],
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error('esbuild made no output')
  const used = Object.values(metafile.outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
  const packages = new Set(used.flatMap(([path]) => packageOf(path) ?? []))
  return { code: output.contents, packages: [...packages].toSorted() }
}

/** `node_modules/a/node_modules/@b/c/d.js` → `node_modules/a/node_modules/@b/c` */
export function packageOf(path: string): string | undefined {
  return /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
}

/** The official client without Kubernetes' kinds: KubeConfig, all that we use of it, needs two things of what was generated for them. */
const withoutKinds: Plugin = {
  name: 'without-kinds',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules\/@kubernetes\/client-node\/dist\/gen\/index\.js$/ }, () => ({ contents: NEEDED }))
  },
}
const NEEDED = "export { createConfiguration } from './configuration.js'\nexport { ServerConfiguration } from './servers.js'"
