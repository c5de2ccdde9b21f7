import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { KUBERNETES } from '../../kube/builtin.ts'
import { type Check, type Exam, fail, find, isSeen, ok, type Finding, unchecked, unseen, warn } from '../check.ts'
import { span } from '../conditions.ts'
import { deploymentOf, mountedSecrets } from '../workloads.ts'
import { type ApiService, ourApiServices } from './api-services.ts'

type Line = Omit<Finding, 'check'>
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
/** Whoever renews certificates has done it by then: they do at two thirds of their time, or 30 days before. */
const SOON_MS = 14 * 86_400_000

/** The certificates of a PEM text; undefined where it holds none that can be read. */
export function certificatesOf(text: string): readonly X509Certificate[] | undefined {
  try {
    const found = (text.match(PEM) ?? []).map((block) => new X509Certificate(block))
    return found.length > 0 ? found : undefined
  } catch {
    return undefined
  }
}

/** Whether it holds now, and goes on to. */
export function validity(what: string, certificate: X509Certificate, now: number, todo: string): Line | undefined {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  if (now < from) return fail(`${what} holds only from ${new Date(from).toISOString()} on`, 'is a clock wrong? See the line of clocks')
  if (now > to) return fail(`${what} ended ${span(now - to)} ago`, todo)
  return to - now < SOON_MS ? warn(`${what} ends in ${span(to - now)}`, todo) : undefined
}

/** Whether one of the CAs vouches for the chain, which begins with the leaf. */
export function isVouchedFor(chain: readonly X509Certificate[], authorities: readonly X509Certificate[], now: number): boolean {
  const isBy = (one: X509Certificate, by: X509Certificate) => one.checkIssued(by) && one.verify(by.publicKey)
  const isCurrent = (one: X509Certificate) => now >= Date.parse(one.validFrom) && now <= Date.parse(one.validTo)
  let [last] = chain
  for (let steps = 0; last !== undefined && steps <= chain.length; steps++) {
    const current = last
    if (
      authorities.some(
        (authority) => isCurrent(authority) && (authority.fingerprint256 === current.fingerprint256 || isBy(current, authority)),
      )
    )
      return true
    last = chain.slice(1).find((one) => one.fingerprint256 !== current.fingerprint256 && isBy(current, one))
  }
  return false
}

const RENEW =
  'who makes it has to renew it: the controllers where they run with --tls-managed (their log says why not), cert-manager (kubectl describe certificate), or you'

interface Pair {
  readonly chain: readonly X509Certificate[]
}

/** Judges a Secret with a certificate; nothing of the key is told. */
function secretLines(
  place: string,
  data: Readonly<Record<string, string>>,
  services: readonly ApiService[],
  now: number,
): { pair?: Pair; lines: readonly Line[] } {
  const text = (key: string) => Buffer.from(data[key] ?? '', 'base64').toString('utf8')
  const chain = certificatesOf(text('tls.crt'))
  const [leaf] = chain ?? []
  if (chain === undefined || leaf === undefined)
    return { lines: [fail(`Secret ${place} holds no certificate in tls.crt`, 'the API waits for it; see who makes the Secret')] }
  const lines: (Line | undefined)[] = [validity(`the certificate of Secret ${place}`, leaf, now, RENEW)]
  try {
    createSecureContext({ cert: text('tls.crt'), key: text('tls.key') })
  } catch {
    lines.push(
      fail(`the key of Secret ${place} does not belong to its certificate`, 'make both anew; the API goes on with the last pair that fits'),
    )
  }
  const authorities = certificatesOf(text('ca.crt'))
  if (data['ca.crt'] !== undefined && !isVouchedFor(chain, authorities ?? [], now))
    lines.push(fail(`ca.crt of Secret ${place} does not vouch for its certificate`, RENEW))
  const hosts = [
    ...new Set(services.flatMap(({ spec: { service } }) => (service === undefined ? [] : [`${service.name}.${service.namespace}.svc`]))),
  ]
  for (const host of hosts.filter((name) => leaf.checkHost(name) === undefined))
    lines.push(
      fail(
        `the certificate of Secret ${place} does not name ${host}, which kube-apiserver asks for`,
        'add the name (--tls-hosts, or dnsNames of the cert-manager Certificate)',
      ),
    )
  return { pair: { chain }, lines: lines.filter((line) => line !== undefined) }
}

/** caBundles of our APIServices: one line for all that say the same. */
function bundleLines(services: readonly ApiService[], pairs: readonly Pair[], now: number): Line[] {
  const bundles = Map.groupBy(
    services.filter(({ spec }) => spec.service !== undefined),
    ({ spec }) => spec.caBundle ?? '',
  )
  return [...bundles].flatMap(([bundle, of]) => {
    const names = of.length === 1 ? `APIService ${of[0]?.metadata.name}` : `${of.length} APIServices`
    if (of.some(({ spec }) => spec.insecureSkipTLSVerify === true))
      return [warn(`${names}: whoever answers is believed`, 'give them a caBundle instead of insecureSkipTLSVerify')]
    const authorities = certificatesOf(Buffer.from(bundle, 'base64').toString('utf8'))
    if (authorities === undefined)
      return [fail(`the caBundle of ${names} holds no certificate`, "it has to be the CA of the API's certificate")]
    const current = authorities.filter((one) => Date.parse(one.validTo) >= now)
    if (current.length === 0) return [fail(`every CA in the caBundle of ${names} has ended`, RENEW)]
    const strangers = pairs.filter(({ chain }) => !isVouchedFor(chain, authorities, now))
    if (strangers.length > 0)
      return [
        fail(
          `the caBundle of ${names} does not vouch for the API's certificate`,
          'put ca.crt of the Secret there; the controllers do where --aggregation-service and --tls-secret are set',
        ),
      ]
    return current.length === authorities.length
      ? []
      : [warn(`the caBundle of ${names} still has a CA that has ended`, 'take it out when convenient')]
  })
}

async function secretNames(exam: Exam): Promise<readonly string[]> {
  if (exam.tlsSecret !== undefined) return [exam.tlsSecret]
  const deployment = await deploymentOf(exam, 'api')
  return deployment === undefined ? [] : mountedSecrets(deployment)
}

/** The API's certificate: holds, fits its key, names the Service, and the APIServices' CA vouches for it. */
export const certificates: Check = {
  name: 'certificates',
  about: "the API's certificate: its end, its names, its key, its CA, and the caBundles of APIServices",
  run: async (exam) => {
    const found = await ourApiServices(exam)
    const services = isSeen(found) ? found.value : []
    const lines: Line[] = isSeen(found) ? [] : [unseen('APIServices', found)]
    const names = await secretNames(exam)
    if (names.length === 0)
      lines.push(
        unchecked(
          "it is not known which Secret has the API's certificate: no Deployment of the API can be read",
          'name it with --tls-secret',
        ),
      )
    const pairs: Pair[] = []
    for (const name of names) {
      const place = `${exam.namespace}/${name}`
      const seen = await find<{ data?: Readonly<Record<string, string>> }>(exam, KUBERNETES.Secret, exam.namespace, name)
      if (!isSeen(seen)) lines.push(unseen(`Secret ${place}`, seen))
      else if (seen.value === undefined) lines.push(fail(`Secret ${place} is not there`, 'the API waits for it; see who makes the Secret'))
      // One that is mounted for something else.
      else if (exam.tlsSecret !== undefined || seen.value.data?.['tls.crt'] !== undefined) {
        const judged = secretLines(place, seen.value.data ?? {}, services, exam.now())
        lines.push(...judged.lines)
        if (judged.pair !== undefined) pairs.push(judged.pair)
      }
    }
    lines.push(...bundleLines(services, pairs, exam.now()))
    if (lines.length > 0) return lines
    const [first] = pairs
    if (first === undefined)
      return [unchecked("none of the Secrets that the API's pods mount holds a certificate", 'name the right one with --tls-secret')]
    const ends = span(Date.parse(first.chain[0]?.validTo ?? '') - exam.now())
    return [ok(`the API's certificate holds for ${ends} more and fits its key${services.length > 0 ? ' and the caBundles' : ''}`)]
  },
}
