import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What the files of a folder may import (style: imports point one way). `observe` and the leaves of EVERYWHERE are open to all. */
const API = ['src/api/contract.ts', 'src/api/problem.ts', 'src/api/turns.ts', 'src/kinds', 'src/resolve', 'src/cache', 'src/kube']
const ALLOWED: Record<string, readonly string[]> = {
  'src/kinds': ['zod'],
  'src/schema': ['src/kinds', 'zod', 'yaml'],
  'src/resolve': ['src/kinds'],
  'src/kube': ['undici', '@kubernetes/client-node', 'yaml'],
  'src/provider': ['src/kinds', 'zod', 'undici'],
  'src/cache': ['src/kinds', 'src/resolve', 'src/kube'],
  'src/reconcile': ['src/kinds', 'src/resolve', 'src/kube', 'src/cache', 'src/provider', 'zod'],
  // What the leader does for the installation itself, and no object of a tenant.
  'src/duties': ['src/kinds', 'src/kube', 'src/cache', 'src/api/door', 'zod', 'yaml'],
  controllers: ['src/kinds', 'src/resolve', 'src/reconcile', 'src/kube'],
  // The rooms of the API: a request comes in by the door, and every arrow points away from it.
  'src/api': API.concat('src/api', 'src/schema'),
  'src/api/path': API,
  'src/api/identity': API.concat('jose', 'undici', 'lru-cache'),
  'src/api/access': API.concat('src/api/path', 'lru-cache'),
  'src/api/render': API.concat('src/api/path'),
  'src/api/reference': API.concat('src/api/path', 'src/schema', 'zod'),
  'src/api/input': API.concat('src/api/context.ts', 'src/api/path', 'src/api/render', 'src/schema', 'zod'),
  'src/api/read': API.concat('src/api/context.ts', 'src/api/path', 'src/api/render'),
  'src/api/write': API.concat('src/api/context.ts', 'src/api/path', 'src/api/render', 'src/api/input'),
  'src/api/door': API.concat('src/api/path', 'src/api/identity', 'undici', 'lru-cache'),
  'src/cli': ['package.json', 'zod', 'yaml'],
  'src/processes': ['src', 'controllers', 'providers', 'package.json'],
  'src/doctor': ['src', 'providers', 'tar-stream', 'package.json'],
  'src/observe': ['pino', 'prom-client'],
  providers: ['src/kinds', 'src/provider', 'zod', 'undici'],
  'src/image': ['src/cli', 'esbuild', 'tar-stream', 'zod', 'package.json'],
  'src/release': ['src/cli', 'src/image', 'undici', 'yaml'],
  'src/embedded/process': [],
  'src/embedded/cluster': ['src/embedded/process', 'src/cli', 'src/image', 'src/kube', 'yaml', 'undici'],
}
const EVERYWHERE = [
  'src/observe',
  'src/errors.ts',
  'src/deadline.ts',
  'src/glob.ts',
  'src/ip.ts',
  'src/lines.ts',
  'src/mounted.ts',
  'src/parallel.ts',
  'src/x509.ts',
]
/** The outermost ring: may import everything. */
const OUTER = ['src', 'src/embedded', 'src/dev', 'src/chart', 'e2e']
/** What nothing but the outermost ring may import. */
const OUTERMOST = ['src/embedded', 'src/dev', 'src/image', 'src/release', 'src/chart', 'src/main.ts', 'src/gen.ts']

const root = join(import.meta.dirname, '..')
const files = ['src', 'controllers', 'providers', 'e2e'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name)),
)

function layerOf(file: string): string {
  const [first = '', second = '', third = ''] = file.split('/')
  if (first !== 'src') return first
  if (second.endsWith('.ts')) return 'src'
  const room = `src/${second}/${third}`
  return room in ALLOWED ? room : `src/${second}`
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8')
  return [...text.matchAll(/^(?:import|export)\s[^'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
}

/** `src/kinds`, `zod`, `node:fs`: where an import leads. */
function targetOf(file: string, specifier: string): string {
  if (specifier.startsWith('.')) return relative(root, join(root, dirname(file), specifier))
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function isAllowed(file: string, target: string): boolean {
  const layer = layerOf(file)
  if (target.startsWith('node:') || OUTER.includes(layer)) return true
  // Tests and their helpers may look across, since nothing imports them.
  if (/\.test\.ts$|testing\.ts$/.test(file)) return true
  if (target === 'vitest' || target === 'fast-check') return file.includes('/testkit')
  const inside = (folder: string) => target === folder || target.startsWith(`${folder}/`)
  // A silent logger for tests.
  if (target === 'pino' && file.endsWith('testing.ts')) return true
  if (target === 'src/cache/testing.ts') return file.endsWith('.test.ts')
  if (['src/processes', 'src/doctor'].includes(layer) && OUTERMOST.some(inside)) return false
  // The list of all providers.
  if (file === 'providers/index.ts') return inside('providers') || inside('src/provider')
  // A provider never sees another one; clouds to try them on stand on common ground.
  if (layer === 'providers' && inside('providers')) return inside('providers/stand-in') || target.split('/')[1] === file.split('/')[1]
  return [layer, ...(ALLOWED[layer] ?? []), ...EVERYWHERE].some(inside)
}

describe('layers', () => {
  it('every folder has its rule', () => {
    const layers = new Set(files.map(layerOf))
    expect([...layers].filter((layer) => !(layer in ALLOWED) && !OUTER.includes(layer))).toEqual([])
  })

  it('every room of the API has its rule', () => {
    const rooms = files.filter((file) => file.startsWith('src/api/')).map((file) => file.split('/').slice(0, -1).join('/'))
    expect([...new Set(rooms)].filter((room) => !(room in ALLOWED))).toEqual([])
  })

  it('imports point one way', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .map((specifier) => targetOf(file, specifier))
        .filter((target) => !isAllowed(file, target))
        .map((target) => `${file} must not import ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('no two files import each other, over however many others', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const walk = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (path.includes(file) || done.has(file)) return
      const targets = importsOf(file).map((specifier) => targetOf(file, specifier))
      for (const target of targets) if (files.includes(target)) walk(target, [...path, file])
      done.add(file)
    }
    for (const file of files) walk(file, [])
    expect(circles).toEqual([])
  })

  it('files stay small', () => {
    const isCode = (line: string) => !/^\s*($|\/\/|\/?\*)/.test(line)
    const large = files
      .map((file) => ({ file, lines: readFileSync(join(root, file), 'utf8').split('\n').filter(isCode).length }))
      .filter(({ file, lines }) => lines > (/\.(test|e2e)\.ts$/.test(file) ? 600 : 400))
    expect(large).toEqual([])
  })
})
