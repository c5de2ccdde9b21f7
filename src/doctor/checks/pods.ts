import about from '../../../package.json' with { type: 'json' }
import { type Check, type Exam, fail, isSeen, ok, unseen, warn } from '../check.ts'
import { conditionOf, span, words } from '../conditions.ts'
import { type Deployment, deployments, type Pod, pods } from '../workloads.ts'

/** A restart that is longer ago says nothing about today. */
const RECENT_MS = 3_600_000
const LOGS = 'kubectl logs --previous, and kubectl describe pod'

function deploymentLine({ metadata: { name }, spec, status }: Deployment) {
  const [wanted, available] = [spec.replicas ?? 1, status?.availableReplicas ?? 0]
  const seen = `Deployment ${name}: ${available} of ${wanted} pods are available`
  if (wanted === 0) return warn(`Deployment ${name} is scaled to 0`, 'scale it up: nothing runs')
  if (available >= wanted) return ok(seen)
  const todo = `see the lines of its pods, or kubectl describe deployment ${name}`
  return available === 0 ? fail(seen, todo) : warn(seen, todo)
}

function podLines(pod: Pod, { now }: Pick<Exam, 'now'>) {
  const { name } = pod.metadata
  const lines = (pod.status?.containerStatuses ?? []).flatMap((container) => {
    const { waiting } = container.state ?? {}
    if (waiting?.reason !== undefined && waiting.reason !== 'ContainerCreating')
      return [fail(`pod ${name} does not run: ${[waiting.reason, waiting.message].filter(Boolean).join(': ')}`, LOGS)]
    const end = container.lastState?.terminated
    const ago = now() - Date.parse(end?.finishedAt ?? '')
    if (container.restartCount === 0 || !(ago < RECENT_MS)) return []
    const why = end?.reason === 'OOMKilled' ? 'give it more memory' : LOGS
    return [
      warn(
        `pod ${name} ended ${span(ago)} ago (${end?.reason ?? 'unknown'}, exit code ${end?.exitCode ?? '?'}) and was started anew, ${container.restartCount} times so far`,
        why,
      ),
    ]
  })
  const [ready, scheduled] = [conditionOf(pod, 'Ready'), conditionOf(pod, 'PodScheduled')]
  if (lines.length > 0 || pod.metadata.deletionTimestamp !== undefined) return lines
  if (scheduled?.status === 'False')
    return [warn(`pod ${name} has no node: ${words(scheduled)}`, 'make room, or change its requests or spread')]
  return ready?.status === 'False'
    ? [warn(`pod ${name} is not ready: ${words(ready)}`, `its /readyz says why: kubectl describe pod ${name}`)]
    : []
}

/** Images of another version than this program's. */
function versionLines(of: readonly Deployment[]) {
  const images = new Set(of.flatMap(({ spec }) => spec.template.spec.containers.map(({ image = '' }) => image)))
  const tags = [...images].map((image) => /:([^:/@]+)(?:@|$)/.exec(image)?.[1]).filter((tag) => tag !== undefined)
  const others = tags.filter((tag) => /^v?\d+\.\d+\.\d+/.test(tag) && tag.replace(/^v/, '') !== about.version)
  return others.length === 0
    ? []
    : [
        warn(
          `the pods run version ${others.join(', ')}, this doctor is ${about.version}`,
          'use the doctor of that version: kinds and rights are compared with its own',
        ),
      ]
}

/** Pods, where this operator runs in pods. */
export const workloads: Check = {
  name: 'pods',
  about: 'Deployments of the operator have their pods, where there are Deployments',
  run: async (exam) => {
    const [found, running] = [await deployments(exam), await pods(exam)]
    if (!isSeen(found)) return [unseen(`Deployments in ${exam.namespace}`, found)]
    if (!isSeen(running)) return [unseen(`pods in ${exam.namespace}`, running)]
    if (found.value.length === 0 && running.value.length === 0)
      return [ok(`no pods of this operator in ${exam.namespace}: its processes run elsewhere`)]
    const lines = [...found.value.map(deploymentLine), ...versionLines(found.value), ...running.value.flatMap((pod) => podLines(pod, exam))]
    return lines.length > 0 ? lines : [ok(`${running.value.length} pods of this operator run`)]
  },
}
