import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { KUBERNETES } from '../../src/kube/builtin.ts'
import { expectNoLeak, inventoryOf, wipe } from '../support/audit.ts'
import { auditJson, runAudit } from '../support/audit-cli.ts'
import { eventually, OPERATOR_NAMESPACE, type Stack, startStack } from '../support/harness.ts'
import { kindOf, type Manifest, to } from '../support/manifest.ts'
import { Tenant } from '../support/tenant.ts'
import { isSimulated } from '../support/names.ts'

let stack: Stack
let tenant: Tenant
beforeAll(async () => {
  stack = await startStack()
  tenant = await Tenant.make(stack)
})
afterAll(async () => {
  await wipe(stack).finally(() => stack.stop())
})

const volume = (name: string): Manifest => tenant.of('BlockStorage', name, { sizeGB: 10, skuRef: to('skus/rd500') })

/** The finalizer stripped by hand, and the object deleted: what is in the cloud stays. */
async function lose(kind: string, name: string): Promise<void> {
  await stack.client.patch(kindOf(kind).gvr, tenant.space, name, {
    type: 'json',
    body: [{ op: 'replace', path: '/metadata/finalizers', value: [] }],
  })
  await tenant.delete(kind, name)
  // The controllers put the finalizer back where the deletion came too late.
  await eventually(async () => {
    if (!(await tenant.exists(kind, name))) return true
    const body = { metadata: { finalizers: null } }
    await stack.client.patch(kindOf(kind).gvr, tenant.space, name, { type: 'merge', body }).catch(() => undefined)
    return false
  })
}

describe.skipIf(!isSimulated)('audit (operations.md)', () => {
  it('finds nothing in a cluster that is in order', async () => {
    const manifests = [volume('kept'), volume('twice'), volume('vanishing'), volume('orphan')]
    const network = [
      tenant.of('Network', 'net', { cidr: { ipv4: '10.0.0.0/16' }, skuRef: to('skus/n1k') }),
      tenant.of('InternetGateway', 'gateway', { egressOnly: false }),
      tenant.of('RouteTable', 'net.default', {
        network: 'net',
        routes: [{ destinationCidrBlock: '0.0.0.0/0', targetRef: to('internet-gateways/gateway') }],
      }),
    ]
    await tenant.apply(...manifests, ...network)
    await tenant.allReady([...manifests, ...network])
    expect(await auditJson(stack)).toEqual({ code: 0, counts: {}, findings: [], inFlux: [], unread: [] })
  })

  it('finds what is leaked, double and missing, deletes what is leaked, and leaves everything else alone', async () => {
    await stack.halt('controllers')
    const twice = await tenant.behind('BlockStorage', 'twice')
    const vanishing = await tenant.behind('BlockStorage', 'vanishing')
    const orphan = await tenant.behind('BlockStorage', 'orphan')
    const tag = String(twice['tag'])
    const stranger = { size_gb: 10, name: 'stranger', project: twice['project'] }
    await stack.cloud.create('volumes', { ...stranger, tag })
    const foreign = await stack.cloud.create('volumes', { ...stranger, tag: tag.replace(/^[^/]+/, 'other-installation') })
    const untagged = await stack.cloud.create('volumes', { ...stranger, tag: '' })
    await stack.cloud.remove(vanishing.id)
    await lose('BlockStorage', 'orphan')
    await lose('RouteTable', 'net.default')
    await lose('Network', 'net')
    const since = (await stack.cloud.mutations()).at(-1)?.seq ?? 0

    const seen = await auditJson(stack)
    expect(seen).toMatchObject({ code: 1, counts: { leaked: 3, double: 2, missing: 1 }, inFlux: [], unread: [] })
    const named = seen.findings.map(({ finding, kind, externalId }) => `${finding} ${kind} ${externalId}`)
    expect(named).toContain(`leaked BlockStorage ${orphan.id}`)
    expect(named).toContain(`double BlockStorage ${twice.id}`)
    expect(named).toContain(`missing BlockStorage ${vanishing.id}`)
    // Looking changed nothing.
    expect(await stack.cloud.mutations(since)).toEqual([])

    const healed = await auditJson(stack, '--delete', '--yes')
    expect(healed.findings.filter(({ action }) => action === 'deleted')).toHaveLength(3)
    expect((await stack.cloud.mutations(since)).map(({ action, type }) => `${action} ${type}`).toSorted()).toEqual([
      'delete routers',
      'delete volumes',
      'delete vpcs',
    ])
    const left = (await stack.cloud.inventory()).items.map(({ id }) => id)
    expect(left).toEqual(expect.arrayContaining([foreign.id, untagged.id, twice.id]))
    expect((await auditJson(stack)).counts).toEqual({ double: 2, missing: 1 })
    await stack.cloud.remove(foreign.id)
    await stack.cloud.remove(untagged.id)
  })

  it('is told by the controllers as a metric', async () => {
    await stack.restart('controllers', ['--audit-interval=1s', '--call-timeout=1s', '--drift-interval=1h'])
    await eventually(async () => {
      const text = await (await fetch(`${stack.healthUrl}/metrics`)).text()
      expect(text).toContain('seca_audit_objects{finding="double",kind="BlockStorage"} 2')
      expect(text).toMatch(/^seca_audit_timestamp_seconds \d/m)
    })
    await stack.halt('controllers')
  })

  it('says it to people, filtered, without secrets, and asks where it can', async () => {
    const table = await runAudit(stack, '--tenant', tenant.name, '--region', 'eu-1')
    expect(table).toMatchObject({ code: 1, stdout: expect.stringMatching(/FINDING +KIND +ID[^]*double +BlockStorage/) })
    expect(await runAudit(stack, '--tenant', 'nobody')).toMatchObject({ code: 0 })
    expect(await runAudit(stack, '--region', 'eu-9')).toMatchObject({ code: 0 })
    expect(await runAudit(stack, '--delete')).toMatchObject({ code: 78, stdout: '', stderr: expect.stringContaining('give --yes') })

    expect(`${table.stdout}${table.stderr}`).not.toContain(await token())
  })

  it('makes the resource of a leaked object anew from its manifest, which takes the object over', async () => {
    const found = (await inventoryOf(stack, tenant)).filter(({ tag }) => tag.endsWith('/twice'))
    const recorded = (await tenant.get('BlockStorage', 'twice')).status?.externalId
    for (const { id } of found) if (id !== recorded) await stack.cloud.remove(id)
    await stack.restart('controllers')
    await tenant.ready('BlockStorage', 'vanishing')
    const { id } = await tenant.behind('BlockStorage', 'kept')
    await stack.halt('controllers')
    await lose('BlockStorage', 'kept')
    const folder = mkdtempSync(join(tmpdir(), 'seca-manifests-'))
    writeFileSync(join(folder, 'backup.yaml'), JSON.stringify({ kind: 'List', items: [volume('kept'), volume('never-made')] }))
    const admin = { kubeconfig: inject('kubeconfig') }
    const adopted = await auditJson(admin, '--adopt', folder, '--yes')
    rmSync(folder, { recursive: true })
    expect(adopted.findings.filter(({ action }) => action === 'adopted')).toMatchObject([{ finding: 'leaked', externalId: id }])
    await stack.restart('controllers')
    expect((await tenant.ready('BlockStorage', 'kept')).status?.externalId).toBe(id)
    expect(await tenant.exists('BlockStorage', 'never-made')).toBe(false)
    await eventually(() => expectNoLeak(stack, tenant))
    await eventually(async () => expect(await auditJson(stack)).toMatchObject({ code: 0, findings: [] }))
  })

  it('does not say that all is well where an account cannot be read', async () => {
    const known = await token()
    await stack.cloud.tokens(['another'])
    const blind = await runAudit(stack)
    await stack.cloud.tokens([known])
    expect(blind).toMatchObject({ code: 2, stdout: expect.stringContaining('not looked at: CloudProvider') })
    expect(`${blind.stdout}${blind.stderr}`).not.toContain(known)
  })
})

/** What the simulated cloud takes from the controllers. */
async function token(): Promise<string> {
  const { data } = await stack.client.get<{ metadata: never; data: { token: string } }>(
    KUBERNETES.Secret,
    OPERATOR_NAMESPACE,
    'simulator-credentials',
  )
  return Buffer.from(data.token, 'base64').toString()
}
