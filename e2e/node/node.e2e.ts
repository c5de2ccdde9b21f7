import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { request } from 'undici'
import about from '../../package.json' with { type: 'json' }
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { startNode } from '../../src/embedded/cluster/node/node.ts'
import { eventually } from '../support/harness.ts'
import { buildForTests } from '../support/image.ts'
import { lacking, startTestNode, type TestNode } from '../support/node.ts'
import { linkOf, NOTHING, traces } from '../support/traces.ts'

/** Folders whose paths are built into a node's programs. */
const BUILT_IN = [
  '/var/lib/cni/results',
  '/var/lib/kubelet/device-plugins',
  '/var/log/containers',
  '/run/containerd/s',
  '/run/containerd/runc',
]

const SERVER = `const server = require('node:http').createServer((request, answer) => answer.end(process.env.WORD + ' ' + require('node:os').hostname()))
process.on('SIGTERM', () => server.close(() => process.exit(0))); server.listen(8080)`

const deployment = (image: string, word: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image,
            imagePullPolicy: 'Never',
            command: ['/usr/local/bin/node', '-e', SERVER],
            env: [{ name: 'WORD', value: word }],
            readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
          },
        ],
      },
    },
  },
})
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
}

describe.skipIf(lacking !== undefined)('a node on this machine', () => {
  let node: TestNode
  let image: string
  beforeAll(async () => {
    node = await startTestNode()
    const out = join(node.dataDir, 'image')
    const built = await buildForTests(out)
    await node.importImage(built.files.archive)
    image = `seca-operator:${about.version}`
  })
  afterAll(() => node?.remove())

  const apply = (...objects: object[]) =>
    node.kubectl(['apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
  const answers = async () => {
    const address = await node.kubectl(['get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}'])
    // A connection each: a Service chooses a pod for a connection, not for a request.
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => (await request(`http://${address}/`, { reset: true })).body.text()),
    )
    return new Set(all)
  }

  it('runs pods, which a Service reaches, from this machine and from pods', async () => {
    await apply(deployment(image, 'one'), service)
    await node.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
    await eventually(async () => expect((await answers()).size).toBe(2))
    const script = `fetch('http://' + process.env.WEB_SERVICE_HOST).then((answer) => answer.text()).then(console.log)`
    // Pods that are older than a Service do not have its address in their environment.
    await node.kubectl(['rollout', 'restart', 'deployment/web'])
    await node.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
    // A connection to a pod that goes at this moment is lost.
    await eventually(async () => {
      expect(await node.kubectl(['exec', 'deploy/web', '--', '/usr/local/bin/node', '-e', script])).toMatch(/^one web-/)
    })
  })

  it('rolls an update out', async () => {
    await apply(deployment(image, 'two'))
    await node.kubectl(['rollout', 'status', 'deployment/web', '--timeout=60s'])
    await eventually(async () => expect([...(await answers())].every((answer) => answer.startsWith('two'))).toBe(true))
  })

  it("gives pods a ServiceAccount's token that kube-apiserver knows", async () => {
    const script = `const { readFileSync } = require('node:fs'); const at = '/var/run/secrets/kubernetes.io/serviceaccount/'
const url = 'https://' + process.env.KUBERNETES_SERVICE_HOST + '/apis/authentication.k8s.io/v1/selfsubjectreviews'
const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' })
const headers = { authorization: 'Bearer ' + readFileSync(at + 'token', 'utf8'), 'content-type': 'application/json' }
const call = require('node:https').request(url, { method: 'POST', headers, ca: readFileSync(at + 'ca.crt') }, (answer) => answer.pipe(process.stdout))
call.end(body)`
    const answer = await node.kubectl(['exec', 'deploy/web', '--', '/usr/local/bin/node', '-e', script])
    expect(JSON.parse(answer)).toMatchObject({ status: { userInfo: { username: 'system:serviceaccount:default:default' } } })
  })

  it('holds pods to the security that their namespace asks for', async () => {
    await node.kubectl(['create', 'namespace', 'strict'])
    await node.kubectl(['label', 'namespace', 'strict', 'pod-security.kubernetes.io/enforce=restricted'])
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'loose', namespace: 'strict' },
      spec: { containers: [{ name: 'a', image }] },
    }
    await expect(apply(pod)).rejects.toThrow('violates PodSecurity "restricted:latest"')
  })

  it('has folders of its own where its programs have paths built in', async () => {
    for (const folder of BUILT_IN) {
      expect(await node.run('ls', folder), folder).not.toBe('')
      const outside = statSync(dirname(folder), { throwIfNoEntry: false })?.dev
      expect(Number(await node.run('stat', '-c', '%d', folder)), folder).not.toBe(outside)
    }
  })

  it("leaves the machine's kernel as it is", async () => {
    const panic = '/proc/sys/kernel/panic'
    const own = readFileSync(panic, 'utf8')
    try {
      await node.run('sh', '-c', `echo ${Number(own) + 1} > ${panic}`)
      expect(readFileSync(panic, 'utf8')).toBe(own)
    } finally {
      writeFileSync(panic, own)
    }
  })

  it('leaves nothing behind when it stops, and other nodes alone', async () => {
    const other = await startTestNode()
    try {
      const { dataDir } = node
      const link = linkOf(node.hostAddress)
      const there = traces(dataDir, link)
      expect(there.processes.length).toBeGreaterThan(8)
      expect(there.groups).not.toEqual([])
      expect(there.links).toHaveLength(1)
      await node.remove()
      expect(traces(dataDir, link)).toEqual(NOTHING)
      const spec = { containers: [{ name: 'a', image: 'localhost/pause:1', imagePullPolicy: 'Never' }] }
      await other.kubectl(['apply', '-f', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'late' }, spec }),
      })
      await other.kubectl(['wait', '--for=condition=Ready', 'pod/late', '--timeout=30s'])
    } finally {
      await other.remove()
    }
  })

  it('goes on with its data, and clears up after a start that was killed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
    const programs = await findMore('node', { progress: createProgress() })
    const assets = inject('assets')
    const get = (...args: string[]) =>
      execFileSync(join(assets, 'kubectl'), ['--kubeconfig', join(dataDir, 'kubeconfig'), ...args], { encoding: 'utf8' })
    const starter = spawn(process.execPath, [join(import.meta.dirname, 'start.ts'), dataDir, assets, programs])
    const [line] = (await once(starter.stdout, 'data')) as [Buffer]
    expect(String(line)).toMatch(/^ready /)
    get('create', 'configmap', 'kept')
    starter.kill('SIGKILL')
    // Whoever ends takes its node along.
    await eventually(() => expect(traces(dataDir, 0).processes).toEqual([]))
    const node = await startNode({ dataDir, assets, programs, log: () => undefined, unsafeNoFsync: true })
    expect(get('get', 'configmap', 'kept', '-o', 'name')).toBe('configmap/kept\n')
    const link = linkOf(node.hostAddress)
    // All of them at once, as when the machine runs out of memory.
    process.kill(node.pids['node']!, 'SIGKILL')
    expect((await node.failed).message).toContain('SIGKILL')
    await node.stop()
    rmSync(dataDir, { recursive: true, force: true })
    expect(traces(dataDir, link)).toEqual(NOTHING)
  })
})
