import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { pinned } from '../../src/image/apt.ts'
import { buildImage, type Built, ingredientsOf } from '../../src/image/build.ts'
import { packagesFor, readLock } from '../../src/image/debian.ts'
import { lackingForImage } from '../../src/image/lacking.ts'
import { packed } from '../../src/image/node.ts'
import { pinnedOrServed } from '../../src/image/pinned-or-served.ts'
import { readArchive, temporaryFolder } from '../../src/image/testing.ts'
import { unpackInto } from '../../src/image/unpack.ts'
import { buildForTests, copyOfSources, HERE, imageOptions, ROOT } from '../support/image.ts'

const LIMIT_BYTES = 55 * 1024 ** 2
/** Of processor time, some ten times what it takes. */
const START_MS = 1_000
const METER = `data:text/javascript,process.on('exit',()=>{const{user,system}=process.cpuUsage();console.error((user+system)/1000)})`

const lacking = lackingForImage()
if (lacking !== undefined) process.stdout.write(`tests of the image are skipped: ${lacking}\n`)
const isRoot = process.getuid?.() === 0
const hasReadelf = spawnSync('readelf', ['--version']).status === 0

describe.skipIf(lacking !== undefined)('the image of this machine', () => {
  const out = temporaryFolder()
  let built: Built
  let archive: Awaited<ReturnType<typeof readArchive>>
  beforeAll(async () => {
    built = await buildForTests(out)
    archive = await readArchive(built.files.archive)
  })
  afterAll(() => rmSync(out, { recursive: true, force: true }))

  it('is small, and a new version of ours is a small part of it', () => {
    expect(built.size).toBeLessThan(LIMIT_BYTES)
    expect(built.layers.map(({ name }) => name)).toEqual(['base', 'node', 'app'])
    expect(built.layers.at(-1)?.size).toBeLessThan(2 * 1024 ** 2)
  })

  it('belongs to root, can be written nowhere but in /tmp, gives nobody more rights, and has no times', () => {
    const members = archive.layers.flatMap((layer) => [...layer.values()])
    const wrong = members.filter(({ name, type, mode, uid, gid, mtime }) => {
      const isWritable = type !== 'symlink' && (mode & 0o022) !== 0 && name !== 'tmp/'
      const isSpecial = (mode & 0o6000) !== 0 || !['file', 'directory', 'symlink'].includes(type)
      return uid !== 0 || gid !== 0 || mtime.getTime() !== 0 || isWritable || isSpecial
    })
    expect(wrong).toEqual([])
    expect(archive.config.config['User']).toBe('65532:65532')
  })

  it('is the same, byte for byte, from another folder', async () => {
    const [root, again] = [copyOfSources(), temporaryFolder()]
    const other = await pinnedOrServed(imageOptions(HERE, root), (options) => buildImage({ ...options, out: again }))
    expect([other.digest, other.layers]).toEqual([built.digest, built.layers])
    for (const kind of ['archive', 'sbom'] as const)
      expect(readFileSync(other.files[kind]).equals(readFileSync(built.files[kind]))).toBe(true)
    for (const folder of [root, again]) rmSync(folder, { recursive: true, force: true })
  })

  it('tells in its SBOM of all that scanners find in it, and in its provenance of the archive', () => {
    const sbom = JSON.parse(readFileSync(built.files.sbom, 'utf8')) as { components: { purl: string }[] }
    const purls = sbom.components.map(({ purl }) => purl)
    const [base, , app] = archive.layers
    const debian = [...(base?.keys() ?? [])].flatMap((name) => /^var\/lib\/dpkg\/status\.d\/(.+)$/.exec(name)?.[1] ?? [])
    const notices = app?.get('app/THIRD-PARTY-NOTICES.txt')?.content.toString('utf8') ?? ''
    const npm = [...notices.matchAll(/^-{80}\n\n(\S+) (\S+) \(/gm)].map(
      ([, name = '', version]) => `pkg:npm/${name.replace('@', '%40')}@${version}`,
    )
    const named = debian.map((name) => purls.find((purl) => purl.startsWith(`pkg:deb/`) && purl.includes(`/${encodeURIComponent(name)}@`)))
    expect(debian.length).toBeGreaterThan(4)
    expect(purls.toSorted()).toEqual([...named, ...npm, `pkg:generic/node@${process.versions.node}`].toSorted())
    const statement = JSON.parse(readFileSync(built.files.provenance, 'utf8')) as {
      subject: { name: string; digest: { sha256: string } }[]
    }
    const [sum = '', name] = execFileSync('sha256sum', [built.files.archive], { encoding: 'utf8' }).trim().split(/\s+/)
    expect(name).toBe(built.files.archive)
    expect(statement.subject.map(({ digest }) => digest.sha256)).toEqual(expect.arrayContaining([sum, built.digest.replace('sha256:', '')]))
  })

  describe.skipIf(!isRoot)('with nothing but its own files', () => {
    const folder = temporaryFolder()
    const root = join(folder, 'root')
    beforeAll(() => {
      // The image's user has to be able to enter it, as it is with a container's.
      mkdirSync(root, { mode: 0o755 })
      for (const layer of archive.manifest.layers) {
        const options = { input: archive.blob(layer.digest), maxBuffer: 1024 ** 3 }
        execFileSync('tar', ['--extract', '--gzip', '--same-permissions', '--directory', root], options)
      }
    })
    afterAll(() => rmSync(folder, { recursive: true, force: true }))

    /** Runs Node of the image as its user, with its variables. */
    const run = (...args: string[]) => {
      const { Env } = archive.config.config as { Env: string[] }
      const env = Object.fromEntries(Env.map((one) => one.split('=', 2)))
      const command = ['--userspec=65532:65532', root, '/usr/local/bin/node', ...args]
      return spawnSync('chroot', command, { env: { ...env, PATH: `${env['PATH']}:/usr/sbin:/sbin` }, encoding: 'utf8' })
    }
    const entrypoint = ['--max-semi-space-size=4', '/app/seca-operator.mjs']

    it('is what the Containerfile copies', async () => {
      const { layers } = await pinnedOrServed(imageOptions(HERE), ingredientsOf)
      const copied = join(folder, 'copied')
      for (const { name, entries } of layers) {
        unpackInto(join(folder, name), entries)
        execFileSync('cp', ['--archive', '--no-target-directory', join(folder, name), copied])
      }
      expect(execFileSync('diff', ['--recursive', '--no-dereference', root, copied], { encoding: 'utf8' })).toBe('')
    })

    it('starts fast', () => {
      expect(archive.config.config['Entrypoint']).toEqual(['/usr/local/bin/node', ...entrypoint])
      const { status, stdout, stderr } = run(`--import=${METER}`, ...entrypoint, '--version')
      expect([status, stdout]).toEqual([0, `${manifest.version}\n`])
      expect(Number(stderr)).toBeLessThan(START_MS)
    })

    it('loads shared objects of its own', () => {
      const loaded = run('-p', 'JSON.stringify(process.report.getReport().sharedObjects)')
      const libraries = (JSON.parse(loaded.stdout) as string[]).filter((file) => file.includes('.so') && !file.startsWith('linux-vdso'))
      expect(libraries.length).toBeGreaterThan(5)
      expect(libraries.filter((file) => !/^\/(?:usr\/)?lib/.test(file))).toEqual([])
    })

    it('knows its user, and looks up names of hosts', () => {
      expect(run('-p', 'os.userInfo().username').stdout).toBe('nonroot\n')
      const hosts = join(root, 'etc/hosts')
      writeFileSync(hosts, '192.0.2.7 api.test\n')
      expect(run('-e', "dns.lookup('api.test', (error, address) => console.log(error ?? address))").stdout).toBe('192.0.2.7\n')
      rmSync(hosts)
    })

    it('trusts the CAs of Debian when it is told to use those of the system', () => {
      expect(Number(run('-p', "tls.getCACertificates('system').length").stdout)).toBeGreaterThan(100)
    })

    it('runs the simulated cloud, whose state goes to /tmp', () => {
      const refused = run(
        ...entrypoint,
        'simulator',
        '--port',
        '0',
        '--simulator-token',
        'a',
        '--simulator-admin-token',
        'b',
        '--state-dir',
        '/app/state',
      )
      expect([refused.status, refused.stderr]).toEqual([78, expect.stringMatching(/--state-dir/)])
      expect(run('-e', "fs.writeFileSync('/tmp/x', '')").status).toBe(0)
    })
  })
})

describe.skipIf(lacking !== undefined)('the image of the other architecture', () => {
  it.skipIf(!hasReadelf)('has every shared object that Node.js and they need, in its own machine code', async () => {
    const architecture = HERE === 'amd64' ? 'arm64' : 'amd64'
    const { layers } = await pinnedOrServed(imageOptions(architecture), ingredientsOf)
    const folder = join(temporaryFolder(), 'image')
    for (const { name, entries } of layers) {
      const files = entries.filter((entry) => 'content' in entry && (name !== 'base' || /\.so(\.|$)/.test(entry.path)))
      unpackInto(join(`${folder}-${name}`), files)
    }
    const names = new Set(layers.flatMap(({ entries }) => entries.map(({ path }) => path.split('/').at(-1) ?? '')))
    const binaries = layers.flatMap(({ name, entries }) =>
      entries
        .filter((entry) => 'content' in entry && Buffer.from(entry.content.slice(0, 4)).toString('latin1') === '\u007fELF')
        .map(({ path }) => join(`${folder}-${name}`, path)),
    )
    expect(binaries.length).toBeGreaterThan(8)
    const needed = binaries.flatMap((file) => {
      const text = execFileSync('readelf', ['--file-header', '--dynamic', '--wide', file], { encoding: 'utf8' })
      expect(text).toMatch(architecture === 'arm64' ? /Machine: +AArch64/ : /Machine: +Advanced Micro Devices X86-64/)
      return [...text.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name = '']) => name)
    })
    expect(needed.length).toBeGreaterThan(8)
    expect(needed.filter((name) => !names.has(name))).toEqual([])
    for (const { name } of layers) rmSync(`${folder}-${name}`, { recursive: true, force: true })
  })
})

describe.skipIf(lacking !== undefined)('what cannot be had', () => {
  it('a version that the mirror does not serve: the error says what to do', async () => {
    const gone = packagesFor(readLock(ROOT), HERE).map((one) => ({ ...one, version: '0.0.1-1', sha256: '0'.repeat(64) }))
    const cache = temporaryFolder()
    await expect(pinned(gone.slice(0, 1), { architecture: HERE, cache })).rejects.toThrow(
      /ca-certificates 0\.0\.1-1 \(all\).*--refresh.*--unpinned/,
    )
    rmSync(cache, { recursive: true })
  })

  it('a package that is not what the lock file names is not taken, nor kept', async () => {
    const cache = temporaryFolder()
    const integrity = `sha512-${Buffer.alloc(64).toString('base64')}`
    const fetched = packed({ name: 'wrappy', version: '1.0.2', integrity }, cache)
    await expect(fetched).rejects.toThrow('is not what package-lock.json names')
    expect(execFileSync('ls', ['-A', cache], { encoding: 'utf8' })).toBe('')
    rmSync(cache, { recursive: true })
  })
})
