import { Readable } from 'node:stream'
import { posix } from 'node:path'
import { SecaError } from '../errors.ts'
import { controlOf, type DebianFile } from './apt.ts'
import type { Lock } from './debian.ts'
import type { Entry } from './layer.ts'
import { run } from './run.ts'
import { type ReadMember, readTar } from './tar.ts'

/** Nobody in particular, and not root: the user that the program runs as. */
export const NONROOT = 65_532

/** Where programs look for the CAs that the world trusts. */
export const CA_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'

/**
 * Shared objects that the image has: what Node's binary is linked to, and what the C library loads when it looks up names of
 * hosts. e2e/image tests that they suffice.
 */
const LIBRARY =
  /^\/usr\/lib(?:64)?\/(?:[^/]+-linux-gnu\/)?(?:ld-linux-.*|lib(?:c|dl|m|pthread|resolv|nss_dns|nss_files|atomic|gcc_s|stdc\+\+))\.so(?:\.[0-9.]+)?$/
const CERTIFICATE = /^\/usr\/share\/ca-certificates\/mozilla\/[^/]+\.crt$/
const COPYRIGHT = /^\/usr\/share\/doc\/([^/]+)(?:\/copyright)?$/

/** The lowest layer: libraries, CAs and licences from Debian's packages, users, a folder for temporary files. */
export async function baseLayer(files: readonly DebianFile[], release: Lock['release'], signal?: AbortSignal): Promise<Entry[]> {
  const unpacked = await Promise.all(files.map((one) => unpack(one.file, signal)))
  const controls = await Promise.all(files.map((one) => controlOf(one.file, signal)))
  const certificates = unpacked.flatMap((entries) => entries.filter(({ path }) => CERTIFICATE.test(path)))
  if (certificates.length === 0) throw new SecaError('Internal', 'no package has certificates of CAs')
  const kept = unpacked.flatMap((entries) => entries.filter((entry) => LIBRARY.test(entry.path) || isCopyright(entry)))
  // Where scanners look for Debian packages of images without dpkg.
  const status = files.map(({ name }, index): Entry => file(`/var/lib/dpkg/status.d/${name}`, controls[index] ?? ''))
  return [...kept, ...status, file(CA_BUNDLE, bundleOf(certificates)), ...system(release)]
}

/** Files and links of a package, in folders as they are today: what lies in /lib is in /usr/lib, and so on. */
async function unpack(deb: string, signal?: AbortSignal): Promise<Entry[]> {
  const tar = await run('dpkg-deb', ['--fsys-tarfile', deb], { signal })
  const members = await readTar(Readable.from([tar]))
  return [...members.values()].flatMap(entryOf)
}

function entryOf({ name, type, mode, linkname, content }: ReadMember): Entry[] {
  const path = merged(posix.normalize(`/${name}`).replace(/\/$/, ''))
  if (type === 'symlink') return [{ path, symlink: merged(linkname) }]
  return type === 'file' ? [{ path, mode: mode & 0o755, content }] : []
}

function merged(path: string): string {
  return path.replace(/^\/(lib|lib64|bin|sbin)\//, '/usr/$1/')
}

function isCopyright(entry: Entry): boolean {
  const isFile = entry.path.endsWith('/copyright')
  return COPYRIGHT.test(entry.path) && (isFile || 'symlink' in entry)
}

/** As update-ca-certificates does: one after the other, in the order of their names. */
function bundleOf(certificates: readonly Entry[]): string {
  const sorted = certificates.toSorted((one, other) => (one.path < other.path ? -1 : 1))
  return sorted.map((entry) => ('content' in entry ? `${Buffer.from(entry.content).toString('utf8').trimEnd()}\n` : '')).join('')
}

function system({ id, versionId, codename }: Lock['release']): Entry[] {
  const osRelease = {
    ID: id,
    VERSION_ID: `"${versionId}"`,
    VERSION_CODENAME: codename,
    PRETTY_NAME: '"SECA operator"',
    NAME: '"SECA operator"',
  }
  const lines = (rows: readonly string[]) => rows.map((row) => `${row}\n`).join('')
  const users = [
    ['root', 0],
    ['nobody', 65_534],
    ['nonroot', NONROOT],
  ] as const
  return [
    { path: '/lib', symlink: 'usr/lib' },
    { path: '/lib64', symlink: 'usr/lib64' },
    { path: '/usr/lib64', mode: 0o755, folder: true },
    { path: '/tmp', mode: 0o1777, folder: true },
    file('/etc/passwd', lines(users.map(([name, id_]) => `${name}:x:${id_}:${id_}:${name}:/nonexistent:/usr/sbin/nologin`))),
    file('/etc/group', lines(users.map(([name, id_]) => `${name}:x:${id_}:`))),
    // /etc/hosts, which a kubelet writes, before DNS.
    file('/etc/nsswitch.conf', lines(['passwd: files', 'group: files', 'hosts: files dns'])),
    file('/etc/os-release', lines(Object.entries(osRelease).map(([key, value]) => `${key}=${value}`))),
  ]
}

function file(path: string, content: string): Entry {
  return { path, mode: 0o644, content }
}
