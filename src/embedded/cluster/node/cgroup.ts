import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'

/** Name of the control group of a node: always the same for a data folder, so that whoever comes next finds what a node that was killed left. */
export function cgroupOf(dataDir: string): string {
  return `seca-node-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`
}

/** The folders of one control group: the one of cgroup v2, or one in each hierarchy of v1 (and in that of v2 beside them). */
export function cgroupFolders(name: string, root = ROOT): string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [join(root, name)]
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(root, entry.name, name))
}

export function makeCgroup(name: string, root = ROOT): void {
  for (const folder of cgroupFolders(name, root)) {
    mkdirSync(folder, { recursive: true })
    // A new one of v1 has no processors and no memory before it is told which.
    for (const file of ['cpuset.cpus', 'cpuset.mems'])
      if (existsSync(join(folder, file))) writeFileSync(join(folder, file), readFileSync(join(folder, '..', file)))
  }
}

/** Removes the groups, once nothing runs in them: processes that were killed leave theirs a moment later. */
export async function removeCgroup(name: string, root = ROOT, waitMs = 5_000): Promise<void> {
  for (const deadline = performance.now() + waitMs; ; await sleep(50)) {
    for (const folder of cgroupFolders(name, root)) removeTree(folder)
    if (!cgroupFolders(name, root).some((folder) => existsSync(folder)) || performance.now() > deadline) return
  }
}

/** Folders only, from below: the kernel's files go with them, and a group in which something runs stays. */
function removeTree(folder: string): void {
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeTree(join(folder, entry.name))
  try {
    rmdirSync(folder)
  } catch {
    // In use.
  }
}
