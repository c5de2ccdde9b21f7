import { readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { cpuSeconds } from '../bench/process.ts'
import { type Manifest, to } from '../support/manifest.ts'
import { expectNoLeak, inventoryOf, objectsOf } from '../support/audit.ts'
import type { Stack } from '../support/harness.ts'
import { REGION } from '../support/names.ts'
import type { Tenant } from '../support/tenant.ts'

/** A workspace with so many resources of three kinds. */
export function manyOf(tenant: Tenant, count: number): Manifest[] {
  const one = (index: number): Manifest => {
    if (index % 5 === 0) return tenant.of('BlockStorage', `v-${index}`, { sizeGB: 50, skuRef: to('skus/rd500') })
    if (index % 5 === 1) return tenant.of('PublicIp', `ip-${index}`, { version: 'IPv4' })
    return tenant.of('SecurityGroupRule', `rule-${index}`, { direction: 'egress', protocol: 'tcp', ports: { list: [1_000 + index] } })
  }
  return [tenant.of('Workspace', tenant.workspace, { region: REGION }), ...Array.from({ length: count }, (_, index) => one(index))]
}

/**
 * Brings 500 resources in one go, and takes them away again: `bring` resolves with what the tool said and when, once it calls all of it
 * healthy; its `since` is the time since the begin, in seconds. Tells the times, and whose CPU time it was; answers how many objects there were,
 * and what was left of them in the cloud.
 */
export async function bring500(
  tool: string,
  { stack, tenant }: { readonly stack: Stack; readonly tenant: Tenant },
  { bring, take }: { readonly bring: (since: () => string) => Promise<string>; readonly take: () => Promise<unknown> },
): Promise<{ objects: number; left: readonly unknown[] }> {
  // No look at the cloud but those that it takes: the others are for the tests before.
  await stack.restart('controllers', [])
  const clock = Date.now()
  let said = ''
  const cpu = await cpuOf(async () => void (said = await bring(stopwatch())))
  const { length: objects } = await objectsOf(stack, tenant)
  await expectNoLeak(stack, tenant)
  const { applied, ready } = await milestones(stack, tenant, clock)
  const since = stopwatch()
  await take()
  const gone = since()
  const left = await inventoryOf(stack, tenant)
  process.stdout.write(
    `${tool}, 500 resources: applied after ${applied} s, ready after ${ready} s; ${tool} says ${said}; deleted in ${gone} s\nCPU until healthy: ${cpu}\n`,
  )
  return { objects, left }
}

function stopwatch(): () => string {
  const start = performance.now()
  return () => ((performance.now() - start) / 1_000).toFixed(1)
}

/**
 * When all of a tenant's objects were there, and when the last got ready, in seconds after a time of the clock: by what the objects
 * themselves say, to the second, so that nobody has to look meanwhile.
 */
async function milestones(stack: Pick<Stack, 'client'>, tenant: Tenant, start: number): Promise<{ applied: number; ready: number }> {
  const objects = await objectsOf(stack, tenant)
  const last = (times: readonly (string | undefined)[]) =>
    Math.max(0, Math.round((Math.max(...times.map((time) => Date.parse(time ?? ''))) - start) / 1_000))
  return {
    applied: last(objects.map(({ metadata }) => metadata.creationTimestamp)),
    ready: last(objects.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime)),
  }
}

/**
 * CPU time that the processes of this test have used so far, in seconds, by what they are: what is slow because the machine has other
 * work shows no more of it. Empty where there is no /proc.
 */
function cpuByProcess(): Map<string, number> {
  const found = new Map<string, number>()
  for (const pid of listed('/proc').map(Number).filter(Number.isInteger)) {
    try {
      if (!readFileSync(`/proc/${pid}/status`, 'utf8').includes(`\nPPid:\t${process.pid}\n`)) continue
      const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      const name = args.find((arg) => ['controllers', 'simulator'].includes(arg)) ?? basename(program)
      found.set(name, (found.get(name) ?? 0) + cpuSeconds(pid))
    } catch {
      // It is gone.
    }
  }
  return found
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Runs work; resolves with `argocd-application-controller 40.1 s, kube-apiserver 30.2 s, …`, by what each used meanwhile, the most first. */
async function cpuOf(work: () => Promise<unknown>): Promise<string> {
  const before = cpuByProcess()
  await work()
  const used = [...cpuByProcess()].map(([name, seconds]): [string, number] => [name, seconds - (before.get(name) ?? 0)])
  return used
    .filter(([, seconds]) => seconds >= 0.1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
    .join(', ')
}
