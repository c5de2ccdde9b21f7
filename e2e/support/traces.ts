import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cgroupFolders, cgroupOf } from '../../src/embedded/cluster/node/cgroup.ts'

/** What a node could leave on the machine. Another part of the tests may have a node of its own at this moment. */
export function traces(dataDir: string, link: number) {
  const group = cgroupOf(dataDir)
  return {
    processes: readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(dataDir) && pid !== String(process.pid)),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dataDir)),
    groups: cgroupFolders(group).filter((folder) => existsSync(folder)),
    // The kernel never gives the number of a link again.
    links: links().filter(({ ifindex }) => ifindex === link),
    rules: output('iptables-save')
      .split('\n')
      .filter((line) => line.includes('KUBE')),
  }
}
export const NOTHING = { processes: [], mounts: [], groups: [], links: [], rules: [] }

const output = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' })
const links = () =>
  JSON.parse(output('ip', '-json', 'address')) as { readonly ifindex: number; readonly addr_info: readonly { readonly local: string }[] }[]
/** The kernel's number of the link with an address of this machine; 0 when there is none. */
export const linkOf = (address: string): number =>
  links().find((link) => link.addr_info.some(({ local }) => local === address))?.ifindex ?? 0

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
