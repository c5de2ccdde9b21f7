import { REGION } from '../../support/names.ts'
import { type Attempt, attempt, harmless, type Verdict } from './attempt.ts'
import { utf8 } from './wire.ts'
import { OWN, VAULT, type World } from './world.ts'

/** What stands between `tenants/` and `/workspaces/…` and is meant to become the victim's name somewhere on the way. */
function spellings(own: string, victim: string): readonly string[] {
  const letters = victim.split('')
  const encoded = letters.map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')
  const twice = encoded.replaceAll('%', '%25')
  const wide = letters.map((letter) => (/[a-z0-9]/.test(letter) ? String.fromCharCode(letter.charCodeAt(0) + 0xfee0) : letter)).join('')
  return [
    victim,
    encoded,
    encoded.toUpperCase().replaceAll('%', '%'),
    twice,
    `%${victim.charCodeAt(0).toString(16)}${victim.slice(1)}`,
    victim.toUpperCase(),
    ...[
      '..',
      '%2e%2e',
      '%2E%2E',
      '.%2e',
      '%2e.',
      '%252e%252e',
      '%25252e%25252e',
      '..;',
      '..;x=1',
      '%c0%ae%c0%ae',
      '%e0%40%ae',
      '%u002e%u002e',
    ].map((dots) => `${own}/${dots}/${victim}`),
    ...['..%2f', '..%5c', '..%252f', '%2e%2e%2f', '..%c0%af', '..%e0%80%af', '..\\', '..%ef%bc%8f', '..%u2215', '..%e2%88%95'].map(
      (up) => `${own}/${up}${victim}`,
    ),
    ...['%2f..%2f', '%252f..%252f', '%5c..%5c', '\\..\\', '%00/../', '%0a/../', ';/../', '?/../', '#/../'].map(
      (up) => `${own}${up}${victim}`,
    ),
    utf8(`${own}/．．/${victim}`),
    utf8(`${own}／..／${victim}`),
    `${own}/./../${victim}`,
    `./${victim}`,
    `/${victim}`,
    `//${victim}`,
    `/./${victim}`,
    ...[
      '%00',
      '%20',
      '%09',
      '%0a',
      '%0d%0a',
      '.',
      '%2e',
      '%2f',
      '%2f.',
      ';',
      ';a=b',
      '%3b',
      ',',
      '%e2%80%8b',
      '%ef%bb%bf',
      '%',
      '%2',
      '%zz',
      '%ff',
      '%c2%a0',
      '..',
      '~',
      '$',
      '%23',
      '%3f',
    ].map((tail) => `${victim}${tail}`),
    ...['%00', '%20', '%2e/', '+', '%ef%bb%bf', '%2f', '%e2%80%8f'].map((head) => `${head}${victim}`),
    ...['%00', ',', ';', '%2c', '%0d%0aX-Remote-User:%20system:admin%0d%0a', '|', '%7c', '&tenant=', '%26tenant='].map(
      (join) => `${own}${join}${victim}`,
    ),
    `{${victim}}`,
    '*',
    '%2a',
    `seca-${victim}`,
    wide.replaceAll(/[^\x21-\x7e]/g, (letter) => encodeURIComponent(letter)),
    utf8(wide),
    `${victim.slice(0, -1)}%3f`,
    `${'a'.repeat(9_000)}/../${victim}`,
    `${own}${'/..'.repeat(400)}/${victim}`,
    `${victim}--${VAULT}`,
    `tenants/${victim}`,
    `${own}/tenants/${victim}`,
    `${own}/workspaces/${OWN}/../../../${victim}`,
  ]
}

/** Doors' base paths, and other ways to write the whole target. */
function targets(world: World): readonly string[] {
  const { victim, attacker, kube } = world
  const rest = `tenants/${victim}/workspaces/${VAULT}/block-storages/disk`
  const direct = `/providers/seca.storage/v1/${rest}`
  return [
    `https://localhost${direct}`,
    `http://evil.example${direct}`,
    `//localhost${direct}`,
    `/${direct}`,
    direct.slice(1),
    `${direct}/`,
    `${direct}?x=/../`,
    `${direct}%3fx`,
    `${direct}.json`,
    `${direct}/start`,
    `${direct}/status`,
    `/./${direct.slice(1)}`,
    `/regions/${REGION}${direct}`,
    `/regions/${REGION}/..${direct}`,
    `/regions/..%2f..${direct}`,
    `/regions//${direct}`,
    `/regions/%2e%2e${direct}`,
    `/regions/*${direct}`,
    `/regions/xx-1${direct}`,
    `/regions/${REGION}/regions/${REGION}${direct}`,
    `/PROVIDERS/seca.storage/v1/${rest}`,
    `/providers/SECA.STORAGE/v1/${rest}`,
    `/providers/seca.storage/V1/${rest}`,
    `/providers/seca.storage/v1/../v1/${rest}`,
    `/providers/seca.storage%2fv1/${rest}`,
    `/providers/storage.secapi.cloud/v1/${rest}`,
    `/providers/__proto__/v1/${rest}`,
    `/providers/constructor/v1/${rest}`,
    `/providers/seca.storage/__proto__/${rest}`,
    `/providers/seca.storage/v1/tenants/${attacker}/__proto__/${OWN}/block-storages`,
    `/providers/seca.storage/v1/tenants/__proto__/workspaces/constructor/block-storages/toString`,
    `/apis/seca.storage/v1/${rest}`,
    `/apis/${REGION}.seca.storage/v1/${rest}`,
    `/apis/storage.secapi.cloud/v1/namespaces/seca-${victim}--${VAULT}/blockstorages/disk`,
    `/api/v1/namespaces/seca-${victim}/secrets/credentials`,
    `/docs/..${direct}`,
    `/openapi/..${direct}`,
    `/docs;${direct}`,
    `/livez/../${direct.slice(1)}`,
    `/.wellknown/secapi/../..${direct}`,
    `/.seca/peer?kind=BlockStorage&key=seca-${victim}--${VAULT}/disk&version=1`,
    `/.seca/peer/..${direct}`,
    `/metrics`,
    `/debug/pprof`,
    `/../etc/passwd`,
    `/proc/self/environ`,
    `${new URL(kube).pathname}api/v1/secrets`,
    '*',
    '',
    '?',
    '/%',
    `/${'a/'.repeat(4_000)}`,
    `/${'%41'.repeat(3_000)}`,
  ]
}

/** Every spelling on every door, reading and writing, with the rights of the attacker's own tenant. */
export function pathAttempts(world: World): readonly Attempt[] {
  const { attacker, victim, mallory, account } = world
  const body = JSON.stringify({ spec: { skuRef: { resource: 'skus/RD100' }, sizeGB: 99 }, labels: { owned: 'by-mallory' } })
  const attempts: Attempt[] = []
  for (const tenant of spellings(attacker, victim)) {
    const rest = `/seca.storage/v1/tenants/${tenant}/workspaces/${VAULT}/block-storages`
    const show = tenant.length > 200 ? `${tenant.slice(0, 40)}… (${tenant.length})` : tenant
    // What is cut off or commented out leaves the attacker's own tenant, where there is no such workspace.
    const more = /[?#]/.test(tenant) ? { verdict: harmless } : {}
    attempts.push(
      attempt(`GET item, tenant ${show}`, 'direct', mallory, { target: `/providers${rest}/disk` }, more),
      attempt(`PUT, tenant ${show}`, 'direct', mallory, { method: 'PUT', target: `/providers${rest}/disk`, body }, more),
      attempt(`DELETE, tenant ${show}`, 'direct', mallory, { method: 'DELETE', target: `/providers${rest}/disk` }, more),
      attempt(`LIST, tenant ${show}`, 'direct', mallory, { target: `/providers${rest}` }, more),
      attempt(`GET item, tenant ${show}`, 'port', account, { target: `/apis${rest}/disk` }, more),
      attempt(`GET item, tenant ${show}`, 'kube', account, { target: `/apis${rest}/disk` }, { verdict: kubeRefused }),
      attempt(`DELETE, tenant ${show}`, 'kube', account, { method: 'DELETE', target: `/apis${rest}/disk` }, { verdict: kubeRefused }),
    )
  }
  for (const target of targets(world)) {
    const show = target.length > 200 ? `${target.slice(0, 40)}… (${target.length})` : target
    attempts.push(
      attempt(`GET ${show}`, 'direct', mallory, { target }),
      attempt(`PUT ${show}`, 'direct', mallory, { method: 'PUT', target, body }),
      attempt(`GET ${show}`, 'port', account, { target }),
    )
  }
  // Workspaces and parents take the same tricks, inside of the attacker's own tenant.
  for (const workspace of [VAULT, `..%2f${victim}`, `%2e%2e`, `seca-${victim}--${VAULT}`, `${VAULT}%00`, '__proto__', '*'])
    for (const method of ['GET', 'DELETE'])
      attempts.push(
        attempt(`${method} workspace ${workspace}`, 'direct', mallory, {
          method,
          target: `/providers/seca.storage/v1/tenants/${attacker}/workspaces/${workspace}/block-storages/disk`,
        }),
      )
  for (const name of [
    '..',
    '%2e%2e',
    'disk%00',
    'DISK',
    '-disk',
    'disk-',
    '.disk',
    'a..b',
    'a_b',
    '__proto__',
    'a%20b',
    'x'.repeat(129),
    '%F0%9F%92%BE',
    "'%20or%201=1",
    '%3Cscript%3E',
    '$%7Bjndi:ldap:%7D',
    '%7B%7B7*7%7D%7D',
  ])
    for (const method of ['GET', 'PUT'])
      attempts.push(
        attempt(`${method} name ${name.slice(0, 40)}`, 'direct', mallory, {
          method,
          target: `/providers/seca.storage/v1/tenants/${attacker}/workspaces/${OWN}/block-storages/${name}`,
          ...(method === 'PUT' ? { body } : {}),
        }),
      )
  return attempts
}

/** kube-apiserver cleans some paths with a redirect of its own, and answers a few with what is public. */
const kubeRefused: Verdict = ({ statuses }) =>
  statuses.every((status) => status >= 300 && status < 500) ? undefined : `it was answered with ${statuses.join()}`
