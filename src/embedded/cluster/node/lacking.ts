import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

/** Folders of system programs that a user's PATH often leaves out. */
export const PATH = [...new Set([...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'])].join(delimiter)

const COMMANDS = ['containerd', 'ctr', 'runc', 'iptables', 'conntrack', 'ip', 'nsenter', 'unshare', 'setpriv', 'mount']
const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap']
const PACKAGES = 'containerd runc containernetworking-plugins iptables conntrack iproute2 util-linux'

/** Where the CNI plugins are: Debian's folder, or that of their own releases. */
export function pluginFolder(): string | undefined {
  return ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => PLUGINS.every((name) => existsSync(join(folder, name))))
}

/** What keeps a node from running on this machine, and how to get it, in one line; undefined when nothing does. */
export async function lackingForNode(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `a node runs on Linux only, not on ${process.platform}`
  if (process.getuid?.() !== 0) return 'a node needs root: run it with sudo, or in a container with all capabilities'
  const missing = COMMANDS.filter((name) => !PATH.split(delimiter).some((folder) => existsSync(join(folder, name))))
  if (pluginFolder() === undefined) missing.push('the CNI plugins')
  if (missing.length > 0)
    return `a node needs ${missing.join(', ')}: apt-get install --no-install-recommends ${PACKAGES} (or the same of another system)`
  if (!readFileSync('/proc/filesystems', 'utf8').includes('overlay')) return 'a node needs overlayfs: modprobe overlay'
  try {
    await promisify(execFile)('unshare', ['--net', '--mount', '--pid', '--fork', '--mount-proc', 'true'], { env: { PATH } })
  } catch (error) {
    return `a node needs namespaces of its own, which this machine does not allow (${(error as Error).message.trim().split('\n').at(-1)})`
  }
  return undefined
}
