import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { during, type Step } from '../../cli/progress.ts'
import { asError, SecaError } from '../../errors.ts'
import { NONROOT } from '../../image/base.ts'
import { lackingForImage } from '../../image/lacking.ts'
import { Region } from '../../kinds/region/region.ts'
import { KUBERNETES } from '../../kube/builtin.ts'
import type { KubeClient } from '../../kube/client.ts'
import { connect } from '../../kube/config.ts'
import { clientVariables } from '../api.ts'
import { type BringUp, OPERATOR_NAMESPACE, type Running, TENANT } from '../bring-up.ts'
import { findAssets } from '../cluster/assets.ts'
import { findMore } from '../cluster/more.ts'
import { lackingForNode } from '../cluster/node/lacking.ts'
import { startNode } from '../cluster/node/node.ts'
import { shellEnv } from '../folder.ts'
import { ensureIssuer } from '../issuer.ts'
import { write } from '../process/private-file.ts'
import { welcome } from '../welcome.ts'
import { answers } from './answers.ts'
import { CHART, runHelm } from './helm.ts'
import { ensureImage } from './image.ts'
import { forgetUnfinished, RELEASE } from './release.ts'
import { type PodObject, unsettled } from './settled.ts'
import { serviceAddress, trialValues } from './values.ts'

const ROOT = join(import.meta.dirname, '../../..')
const COMPONENTS = ['api', 'controllers', 'simulator']
const WORKING_MS = 180_000
/** A full installation needs some 10 s; slow machines more. */
const HELM_TIMEOUT = '5m'

/** Throws where this machine cannot do it, and says what to install. */
export async function requirePods(): Promise<void> {
  const lacking = (await lackingForNode()) ?? lackingForImage()
  if (lacking !== undefined) throw new SecaError('InvalidConfiguration', `--node cannot be had here: ${lacking}`)
}

/** `npm start -- --node`: a node on this machine, and on it what an installation is: the chart, with the operator in pods. */
export async function bringUpInPods({ config, folder, progress, signal, cleanup }: BringUp): Promise<Running> {
  const find = { progress, signal, settings: config }
  // First what has to be built in any case: who has no Go is told before anything is fetched.
  const helmFolder = await findMore('helm', find)
  const programs = await findMore('node', find)
  const assets = resolve(await findAssets({ ...find, command: 'npm start' }))
  const step = async <T>(label: string, work: (step: Step) => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    return during(progress, label, work)
  }

  const dataDir = folder.file('node')
  const stateDir = join(dataDir, 'simulator')
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  chownSync(stateDir, NONROOT, NONROOT)
  const since = Date.now()
  const node = await step('starting a node: etcd, kube-apiserver, containerd, kubelet and the rest', () =>
    startNode({ dataDir, assets, programs, log: (line) => progress.line(line) }),
  )
  cleanup.push(() => node.stop())
  const tag = await ensureImage({ node, root: ROOT, folder: dataDir, progress, signal })

  const addresses = { api: serviceAddress(node.services, 77), simulator: serviceAddress(node.services, 78) }
  const keys = readFileSync(ensureIssuer(folder.path), 'utf8')
  const values = join(dataDir, 'values.yaml')
  write(values, trialValues({ config, namespace: OPERATOR_NAMESPACE, tag, tenant: TENANT, keys, addresses, stateDir }))
  const client = connect({ kubeconfig: node.kubeconfig, userAgent: 'seca-operator/start' })
  try {
    await step(`installing the chart in namespace ${OPERATOR_NAMESPACE}`, async () => {
      await forgetUnfinished(client, OPERATOR_NAMESPACE)
      const where = ['--namespace', OPERATOR_NAMESPACE, '--create-namespace', '--values', values]
      const args = ['upgrade', '--install', RELEASE, CHART, ...where, '--wait', '--timeout', HELM_TIMEOUT]
      await runHelm(args, { program: join(helmFolder, 'helm'), kubeconfig: node.kubeconfig, folder: folder.path, signal })
    })
    await step('waiting for the pods', (one) => untilWorking(() => lackingPods(client, since), one, signal))
    const ca = folder.file('node', 'api-ca.crt')
    const variables = await clientVariables({ folder, url: `https://${addresses.api}`, ca, tenant: TENANT, region: config.region })
    await step(`waiting for region ${config.region} and the API`, (one) =>
      untilWorking(
        async () => {
          writeFileSync(ca, await authorityOf(client))
          return (await lackingRegion(client, config.region)) ?? (await answers(variables))
        },
        one,
        signal,
      ),
    )
    write(folder.file('env'), shellEnv({ KUBECONFIG: node.kubeconfig, ...variables }, [assets, helmFolder]))
  } finally {
    await client.close()
  }
  folder.setReady(true)
  const logs = `Logs: kubectl logs -n ${OPERATOR_NAMESPACE} deploy/seca-controllers (or seca-api, seca-simulator); of the node: ${join(dataDir, 'logs')}`
  process.stdout.write(welcome(folder, `Pods: kubectl get pods -n ${OPERATOR_NAMESPACE}   Values: ${values}\n${logs}`))
  return { failed: node.failed }
}

/** Asks until nothing is lacking; what is, is told meanwhile, and at the end of the time. */
async function untilWorking(lacking: () => Promise<string | undefined>, step: Step, signal: AbortSignal): Promise<void> {
  let last = ''
  for (const deadline = performance.now() + WORKING_MS; performance.now() < deadline; await sleep(200, undefined, { signal })) {
    const found = await lacking().catch((error: unknown) => asError(error).message)
    if (found === undefined) return step.update('')
    last = found
    step.update(last)
  }
  throw new SecaError('NotReady', `not within ${WORKING_MS / 1000} s: ${last}`)
}

async function lackingPods(client: KubeClient, since: number): Promise<string | undefined> {
  const { items } = await client.raw<{ items: PodObject[] }>('GET', `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods`)
  return unsettled(items, COMPONENTS, since)
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[] }
}

async function lackingRegion(client: KubeClient, name: string): Promise<string | undefined> {
  const { status } = (await client.get(Region.gvr, undefined, name)) as Conditioned
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' ? undefined : `region ${name}: ${ready?.message ?? 'no condition yet'}`
}

/** PEM of who vouches for the API. */
async function authorityOf(client: KubeClient): Promise<string> {
  const { data } = (await client.get(KUBERNETES.Secret, OPERATOR_NAMESPACE, 'seca-api-tls')) as { data?: Record<string, string> }
  return Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString('utf8')
}
