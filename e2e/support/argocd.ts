import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { applyManifests, eventually, kubectl } from './harness.ts'
import { blockOf } from './page.ts'
import { programsIn } from './programs.ts'

const ROOT = join(import.meta.dirname, '../..')
/** What the project ships for an installation of Argo CD. */
export const SETTINGS = 'charts/seca-operator/files/argocd/argocd-cm.yaml'
/** Namespace of Argo CD. */
export const ARGOCD = 'argocd'

/** An Application as tests look at it. */
export interface Application {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision?: string }
    readonly health?: { readonly status: string }
    readonly reconciledAt?: string
    readonly history?: readonly object[]
    readonly conditions?: readonly { readonly type: string; readonly message: string }[]
    readonly operationState?: {
      readonly phase: string
      readonly message?: string
      readonly startedAt: string
      readonly finishedAt?: string
    }
    readonly resources?: readonly ResourceStatus[]
  }
}

export interface ResourceStatus {
  readonly group?: string
  readonly kind: string
  readonly name: string
  readonly status?: string
  readonly health?: { readonly status: string; readonly message?: string }
}

/** The application controller and repo server of Argo CD, as processes beside a cluster. */
export interface ArgoCd {
  application(name: string): Promise<Application>
  /** Has Argo CD look at Git and the cluster now; resolves when it has. */
  refresh(name: string, how?: 'normal' | 'hard'): Promise<Application>
  /** Waits until Argo CD says so of an Application: of its last look, which was at `revision`, and of its last sync (`phase`). */
  until(
    name: string,
    wanted: { sync?: string; health?: string; phase?: string; revision?: string },
    timeoutMs?: number,
  ): Promise<Application>
  logs(name: 'repo-server' | 'application-controller'): string
  stop(): Promise<void>
}

const RESYNC_S = 5

/**
 * Starts Argo CD on a cluster that has none: CRDs, the objects that its own manifests bring along, our settings as the page says, and the
 * two programs that apply (there is no user interface). `path`: folders of programs for the repo server to find, `helm` and `kustomize`.
 */
export async function startArgoCd(options: { readonly kubeconfig: string; readonly path?: readonly string[] }): Promise<ArgoCd> {
  const { kubeconfig } = options
  const built = await findMore('argocd', { progress: createProgress() })
  await kubectl(['apply', '--server-side', '-f', join(built, 'crds')], { kubeconfig })
  const crds = ['crd/applications.argoproj.io', 'crd/appprojects.argoproj.io']
  // It fails at once while a new CRD has no conditions.
  await eventually(() => kubectl(['wait', '--for=condition=Established', '--timeout=5s', ...crds], { kubeconfig }))
  await applyManifests(INSTALLATION, { kubeconfig })
  await applySettings(kubeconfig)

  const programs = programsIn('bin', 'tls', 'ssh', 'gpg/keys', 'gpg/source', 'plugins', 'tmp')
  const at = (...names: string[]) => join(programs.folder, ...names)
  // One program, whose name says which it is.
  for (const name of ['argocd-application-controller', 'argocd-repo-server', 'argocd-git-ask-pass'])
    symlinkSync(join(built, 'argocd'), at('bin', name))
  // The repo server calls it for every revision, also when signatures are not asked for; its image has it.
  writeFileSync(at('bin', 'git-verify-wrapper.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  writeFileSync(at('ssh', 'ssh_known_hosts'), '')
  writeFileSync(at('gitconfig'), '')
  const env = {
    PATH: [at('bin'), ...(options.path ?? []), process.env['PATH']].join(delimiter),
    HOME: at('tmp'),
    TMPDIR: at('tmp'),
    KUBECONFIG: kubeconfig,
    // «https://kubernetes.default.svc» means the cluster of KUBECONFIG.
    ARGOCD_FAKE_IN_CLUSTER: 'true',
    ARGOCD_TLS_DATA_PATH: at('tls'),
    ARGOCD_SSH_DATA_PATH: at('ssh'),
    ARGOCD_GNUPGHOME: at('gpg', 'keys'),
    ARGOCD_GPG_DATA_PATH: at('gpg', 'source'),
    ARGOCD_GPG_ENABLED: 'false',
    ARGOCD_PLUGINSOCKFILEPATH: at('plugins'),
    ARGOCD_ASK_PASS_SOCK: at('ask.sock'),
    GIT_CONFIG_GLOBAL: at('gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
  }
  const ports = await freePorts(['redis', 'repoServer', 'repoMetrics', 'controllerMetrics'], {})
  const local = (port: number) => `127.0.0.1:${port}`
  try {
    await programs.launch('redis', 'redis-server', {
      args: [
        '--bind',
        '127.0.0.1',
        '--port',
        String(ports.redis),
        '--set-proc-title',
        'no',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        programs.folder,
      ],
    })
    await programs.launch('repo-server', at('bin', 'argocd-repo-server'), {
      env,
      probe: `http://${local(ports.repoMetrics)}/healthz`,
      args: [
        '--address=127.0.0.1',
        `--port=${ports.repoServer}`,
        '--metrics-address=127.0.0.1',
        `--metrics-port=${ports.repoMetrics}`,
        '--disable-tls',
        '--client-ca-path=',
        `--redis=${local(ports.redis)}`,
        // How long it takes the newest commit that it knows for the newest.
        '--revision-cache-expiration=2s',
        '--logformat=text',
      ],
    })
    await programs.launch('application-controller', at('bin', 'argocd-application-controller'), {
      env,
      probe: `http://${local(ports.controllerMetrics)}/healthz`,
      args: [
        `--namespace=${ARGOCD}`,
        `--kubeconfig=${kubeconfig}`,
        `--redis=${local(ports.redis)}`,
        `--repo-server=${local(ports.repoServer)}`,
        '--repo-server-plaintext',
        `--metrics-port=${ports.controllerMetrics}`,
        `--app-resync=${RESYNC_S}`,
        '--app-resync-jitter=0',
        '--self-heal-backoff-timeout-seconds=1',
        '--repo-error-grace-period-seconds=0',
        // What the page advises; longer than any sync that goes well takes here.
        '--sync-timeout=90',
        // Health of each resource in the Application, where tests look.
        '--persist-resource-health',
        '--logformat=text',
      ],
    })
    await programs.ready()
  } catch (error) {
    await programs.stop()
    throw error
  }

  const application = async (name: string) =>
    JSON.parse(await kubectl(['get', 'application', name, '-n', ARGOCD, '-o', 'json'], { kubeconfig })) as Application
  return {
    application,
    async refresh(name, how = 'normal') {
      await kubectl(['annotate', 'application', name, '-n', ARGOCD, '--overwrite', `argocd.argoproj.io/refresh=${how}`], { kubeconfig })
      // It takes the annotation off when it has looked.
      const isLeft = async () => ((await application(name)) as { metadata: { annotations?: object } }).metadata.annotations
      await eventually(async () => !Object.hasOwn((await isLeft()) ?? {}, 'argocd.argoproj.io/refresh'))
      return application(name)
    },
    async until(name, wanted, timeoutMs) {
      return eventually(
        async () => {
          const found = await application(name)
          const { sync, health, operationState, conditions, resources } = found.status ?? {}
          const seen = {
            sync: sync?.status,
            health: health?.status,
            phase: operationState?.phase,
            revision: sync?.revision,
          }
          const isThere = Object.entries(wanted).every(([key, value]) => seen[key as keyof typeof seen] === value)
          if (isThere) return found
          const sick = resources?.filter((one) => one.status !== 'Synced' || (one.health ?? { status: 'Healthy' }).status !== 'Healthy')
          throw new Error(`${name}: ${JSON.stringify({ ...seen, message: operationState?.message, conditions, sick }).slice(0, 3_000)}`)
        },
        { timeoutMs: timeoutMs ?? 60_000, everyMs: 200 },
      )
    },
    logs: programs.logs,
    stop: programs.stop,
  }
}

/** Puts our settings beside those that are there, by the page's own words. */
async function applySettings(kubeconfig: string): Promise<void> {
  const [, ...words] = blockOf('docs/gitops.md', 'sh', SETTINGS).trim().split(/\s+/)
  await kubectl(
    words.map((word) => word.replace(SETTINGS, join(ROOT, SETTINGS))),
    { kubeconfig },
  )
}

/** `argocd admin settings` with our settings: the same Lua, run by the same program, without a cluster. */
export async function argocdAdmin(...args: readonly string[]): Promise<string> {
  const program = join(await findMore('argocd', { progress: createProgress() }), 'argocd')
  const command = ['admin', 'settings', ...args, '--argocd-cm-path', join(ROOT, SETTINGS)]
  // What an action makes of an object is shown as a difference, by a program of one's choice: this one shows all of it.
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', KUBECTL_EXTERNAL_DIFF: `sh -c 'cat "$2"' sh` }
  const { stdout } = await promisify(execFile)(program, command, { env })
  return stdout
}

/** What Argo CD says of an object's health: `Degraded`, and why. */
export async function healthOf(object: object): Promise<{ readonly status: string; readonly message: string }> {
  const answer = await withFile(object, (file) => argocdAdmin('resource-overrides', 'health', file))
  const [, status = '', message = ''] = /^STATUS: (.*)\nMESSAGE: ([^]*)\n$/.exec(answer) ?? []
  if (status === '') throw new Error(`no health: ${answer}`)
  return { status, message }
}

/** Actions that Argo CD offers for an object: whether each can be had now. */
export async function actionsOf(object: object): Promise<Record<string, boolean>> {
  const answer = await withFile(object, (file) => argocdAdmin('resource-overrides', 'list-actions', file))
  const rows = answer.trim().split('\n').slice(1)
  return Object.fromEntries(rows.map((row) => row.split(/\s+/)).map(([name = '', disabled]) => [name, disabled === 'false']))
}

/** The object as an action makes it. */
export async function act<T extends object>(object: T, action: string): Promise<T> {
  const answer = await withFile(object, (file) => argocdAdmin('resource-overrides', 'run-action', file, action))
  return parse(answer.replace('Following fields have been changed:\n\n', '')) as T
}

async function withFile<T>(object: object, use: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'seca-argocd-'))
  try {
    writeFileSync(join(folder, 'object.yaml'), JSON.stringify(object))
    return await use(join(folder, 'object.yaml'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const LABELS = { 'app.kubernetes.io/part-of': 'argocd' }

/** Of Argo CD's own manifests, what its programs read. */
const INSTALLATION = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ARGOCD } },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: ARGOCD, labels: { ...LABELS, 'app.kubernetes.io/name': 'argocd-cm' } },
    data: { 'application.resourceTrackingMethod': 'annotation' },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'argocd-secret', namespace: ARGOCD, labels: LABELS } },
  {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: { name: 'default', namespace: ARGOCD },
    spec: {
      sourceRepos: ['*'],
      destinations: [{ namespace: '*', server: '*' }],
      clusterResourceWhitelist: [{ group: '*', kind: '*' }],
    },
  },
]
