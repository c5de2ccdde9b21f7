import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import about from '../../package.json' with { type: 'json' }
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { findMore } from '../../src/embedded/cluster/more.ts'
import { startNode } from '../../src/embedded/cluster/node/node.ts'
import { eventually } from '../support/harness.ts'
import { buildForTests } from '../support/image.ts'
import { lacking, startTestNode, type TestNode } from '../support/node.ts'

/** What a node could leave on the machine. */
function traces(dataDir: string) {
  const output = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: 'utf8' }).split('\n')
  const groups = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/memory'
  return {
    processes: readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandLine(pid).includes(dataDir) && pid !== String(process.pid)),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(dataDir)),
    // Another part of the tests may have a node of its own at this moment.
    groups: readdirSync(groups).filter((name) => name.startsWith(`seca-node-${process.pid}-`)),
    rules: output('iptables-save').filter((line) => line.includes('KUBE')),
    folders: ['/var/lib/cni', '/var/log/pods', '/var/log/containers'].filter((folder) => existsSync(folder)),
  }
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

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
  const before = lacking === undefined ? traces('/nowhere') : undefined
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
    const all = await Promise.all(Array.from({ length: 20 }, async () => (await fetch(`http://${address}/`)).text()))
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

  it('leaves nothing behind when it stops', async () => {
    const { dataDir } = node
    await node.remove()
    expect(traces(dataDir)).toEqual(before)
  })

  it('goes on with its data, and clears up after a start that was killed', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), `seca-e2e-${process.pid}-`))
    const options = {
      dataDir,
      assets: inject('assets'),
      programs: await findMore('node', { progress: createProgress() }),
      log: () => undefined,
      unsafeNoFsync: true,
    }
    const first = await startNode(options)
    const get = (kubeconfig: string, ...args: string[]) =>
      execFileSync(join(inject('assets'), 'kubectl'), ['--kubeconfig', kubeconfig, ...args], { encoding: 'utf8' })
    get(first.kubeconfig, 'create', 'configmap', 'kept')
    // All of them at once, as when the machine runs out of memory.
    process.kill(first.pids['node']!, 'SIGKILL')
    await first.failed
    const second = await startNode(options)
    expect(get(second.kubeconfig, 'get', 'configmap', 'kept', '-o', 'name')).toBe('configmap/kept\n')
    await first.stop()
    await second.stop()
    rmSync(dataDir, { recursive: true, force: true })
    expect(traces(dataDir)).toEqual(before)
  })
})
