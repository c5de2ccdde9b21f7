import * as z from 'zod'
import { isHost } from '../x509.ts'
import { hint } from './flags.ts'
import { milliseconds, port } from './settings.ts'

/**
 * Settings of every subcommand. Each field is a flag (`--drift-interval`), an environment variable (`SECA_DRIFT_INTERVAL`) and a
 * key of the file given with `--config` (`driftInterval`); see settings.ts for the rules. Fields that end in `Ms` drop that ending.
 */
const kubeconfig = z.string().min(1).describe('kubeconfig of the cluster to work in')
const context = z.string().min(1).optional().describe('context of the kubeconfig; default: its current one')
const operatorNamespace = z
  .string()
  .min(1)
  .max(63)
  .default('seca-system')
  .describe('namespace of the operator: its Lease, configuration and credentials')
export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info').describe('least severe level that is logged')
const dataDir = z.string().min(1).default('.seca').describe('folder for everything that is kept')
const region = z.string().min(1).max(64).default('eu-1').describe('name of the embedded region')
const latencyMs = milliseconds('1s', 'time that the simulated cloud takes for an operation')

/** Kinds of clouds that the simulator plays; what each is like stands in its README. */
export const CHARACTERS = ['neat', 'lagging', 'tokenless', 'short-tags', 'serial', 'parts', 'moody'] as const
const characters = z
  .string()
  .default('neat')
  .transform((text, context) => {
    const names = text.split(',').map((name) => name.trim())
    const unknown = names.find((name) => !(CHARACTERS as readonly string[]).includes(name))
    if (unknown === undefined) return names as (typeof CHARACTERS)[number][]
    context.addIssue(`is not among ${CHARACTERS.join(', ')}${hint(unknown, CHARACTERS)}`)
    return z.NEVER
  })
  .meta({
    description: `what kind of cloud is simulated: ${CHARACTERS.join(', ')}; several, separated by commas, add up`,
    placeholder: 'list',
    preset: 'neat',
  })

const leaseOrder = ({ leaseMs, leaseRenewMs, leaseRetryMs }: Record<'leaseMs' | 'leaseRenewMs' | 'leaseRetryMs', number>) =>
  leaseMs > leaseRenewMs && leaseRenewMs > leaseRetryMs && leaseRetryMs > 0

export const flagOnly = (description: string) => ({ description, flagOnly: true })

/** Where the programs of the embedded control plane come from. Nothing is fetched, and nobody's programs are used, because of a variable. */
export const programs = {
  download: z
    .boolean()
    .default(false)
    .meta(flagOnly("download Kubernetes' and etcd's official binaries, checked against their checksums, instead of building from source")),
  programs: z
    .string()
    .min(1)
    .optional()
    .meta({
      ...flagOnly("folder with some of the control plane's programs, such as setup-envtest's: only the others are built or downloaded"),
      placeholder: 'folder',
    }),
  kubernetesDownloadUrl: z.string().min(1).default('https://dl.k8s.io').describe("Kubernetes' release server, or a mirror of it"),
  etcdDownloadUrl: z
    .string()
    .min(1)
    .default('https://github.com/etcd-io/etcd/releases/download')
    .describe("folder of etcd's releases, or a mirror of it"),
}

export const list = (description: string, isRight: (one: string) => boolean = () => true) =>
  z
    .string()
    .default('')
    .transform((text, context) => {
      const found = text
        .split(',')
        .map((one) => one.trim())
        .filter((one) => one !== '')
      const wrong = found.find((one) => !isRight(one))
      if (wrong !== undefined) context.addIssue(`"${wrong}" cannot be used there`)
      return found
    })
    .meta({ description: `${description}; separated by commas`, placeholder: 'list' })

const namespaces = list(
  'namespaces of tenants and their workspaces that it has rights in, all else is left alone; default: every one that is labelled',
  (name) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name),
)

/** `<name>:<port>` */
const service = z
  .string()
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?:\d{1,5}$/, 'is not <name>:<port>')
  .transform((text) => ({ name: text.slice(0, text.indexOf(':')), port: Number(text.slice(text.indexOf(':') + 1)) }))

/** A pod's address of IPv6 stands without brackets in what a template makes of it. */
const peerAddress = z
  .string()
  .min(1)
  .transform((url) => url.replace(/^(https:\/\/)([0-9a-f]*:[0-9a-f:]*):(\d+)$/i, '$1[$2]:$3'))

/** `seca-operator controllers` */
export const ControllersConfig = z
  .strictObject({
    kubeconfig: kubeconfig.optional().describe('kubeconfig of the cluster; default: the service account of the pod'),
    context,
    operatorNamespace,
    namespaces,
    defaultRegion: z.string().min(1).max(64).default('eu-1').describe('region of workspaces and images that name none'),
    installationId: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('identity in cloud tags; give the old one when a cluster is restored. Default: made once, kept in a ConfigMap'),
    workers: z
      .int()
      .min(1)
      .max(256)
      .default(16)
      .describe('objects of one cloud account that are worked on at a time; of one tenant three quarters of them'),
    driftIntervalMs: milliseconds('10m', 'time between looks at a settled cloud object (± 20 %)'),
    callTimeoutMs: milliseconds('60s', 'longest time that one provider call may take'),
    auditIntervalMs: milliseconds('24h', 'time between audits of the clouds, for the metric seca_audit_objects; 0 = none'),
    healthHost: z.string().min(1).default('0.0.0.0').describe('address of /livez, /readyz and /metrics'),
    healthPort: port(8081, 'port of /livez, /readyz and /metrics'),
    declaredFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'YAML file of regions, cloud providers, SKUs, images, roles and namespaces of tenants that are applied, and kept as it says',
      ),
    declaredPrune: z.boolean().default(false).describe('delete what was in that file and is not any more; default: it is left and told'),
    tlsSecret: z
      .string()
      .min(1)
      .optional()
      .describe("Secret of the API's certificate, in the operator's namespace: tls.crt, tls.key and, for the aggregated door, ca.crt"),
    tlsManaged: z.boolean().default(false).describe('make that certificate and renew it, with a CA of our own'),
    tlsServices: list('Services that the certificate is for, besides --aggregation-service'),
    tlsHosts: list('further DNS names and addresses that the certificate is for', isHost),
    aggregationService: service.optional().meta({
      description: 'Service of the aggregated door, for which APIServices are kept up; absent: none are',
      placeholder: 'name:port',
    }),
    aggregationOwner: z
      .string()
      .min(1)
      .optional()
      .meta({ description: 'APIService that owns those: they go with it, before the server does', placeholder: 'name' }),
    sharding: z.enum(['none', 'accounts']).default('none').describe('accounts: all processes share the cloud accounts; none: one has all'),
    leaseMs: milliseconds('15s', 'time after which another process may take over the Lease'),
    leaseRenewMs: milliseconds('10s', 'time after which a leader that could not renew gives up'),
    leaseRetryMs: milliseconds('2s', 'time between attempts to take or renew the Lease'),
    logLevel,
  })
  .refine(leaseOrder, '--lease must be longer than --lease-renew, and that longer than --lease-retry')
  .refine((config) => !config.declaredPrune || config.declaredFile !== undefined, '--declared-prune needs --declared-file')
  .refine((config) => !config.tlsManaged || config.tlsSecret !== undefined, '--tls-managed needs --tls-secret, the name of the Secret')
  .refine(
    ({ aggregationService, aggregationOwner, tlsSecret }) =>
      (aggregationService === undefined) === (aggregationOwner === undefined) &&
      (aggregationService === undefined || tlsSecret !== undefined),
    '--aggregation-service needs --aggregation-owner and --tls-secret, whose ca.crt goes into the APIServices, and --aggregation-owner needs --aggregation-service',
  )
export type ControllersConfig = z.output<typeof ControllersConfig>

const validationStatus = z
  .enum(['422', '412'])
  .default('422')
  .describe('status for invalid input; 412 stands for conflicts too, as the conformance suite of the ecosystem expects')
/** Which tokens the direct door takes (architecture §6). */
const TokenConfig = z.strictObject({
  tokenIssuer: z.string().min(1).describe('issuer of the tokens: their claim iss'),
  tokenAudience: z.string().min(1).describe('audience of the tokens: one of their claim aud'),
  tokenKeyFile: z.string().min(1).optional().describe("file with the issuer's public keys, JWKS or PEM; default: discovery at the issuer"),
  tokenJwksUrl: z.string().min(1).optional().describe("URL of the issuer's public keys; default: discovery at the issuer"),
  tokenCaFile: z
    .string()
    .min(1)
    .optional()
    .describe('PEM of the CAs that vouch for the issuer; read again when it changes. Default: the usual ones'),
  tokenIssuerBearerFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "file with a token to ask the issuer for its keys with, such as the pod's own where the cluster is the issuer; read for each question. Needs --token-ca-file: it goes to who these CAs vouch for",
    ),
  tokenClockToleranceMs: milliseconds('30s', "how far the issuer's clock may differ"),
  tokenKeysLastGoodMs: milliseconds('24h', 'how long the last keys serve while the issuer does not answer'),
  tokenRevocation: z
    .enum(['none', 'userinfo'])
    .default('none')
    .describe('ask the userinfo endpoint whether a token was revoked, once a minute'),
  tokenUserinfoUrl: z.string().min(1).optional().describe('URL of that endpoint; default: discovery at the issuer'),
  tokenRevocationLastGoodMs: milliseconds('10m', 'how long the last answer counts while the endpoint does not answer'),
})

/** What would be sent to whomever the issuer's description names has to be held to a CA of one's own. */
const isHeld = ({
  tokenIssuerBearerFile: bearer,
  tokenCaFile: ca,
}: Partial<Record<'tokenIssuerBearerFile' | 'tokenCaFile', string | undefined>>) => bearer === undefined || ca !== undefined

/** `seca-operator api` */
export const ApiConfig = z
  .strictObject({
    kubeconfig: kubeconfig.optional().describe('kubeconfig of the cluster; default: the service account of the pod'),
    context,
    operatorNamespace,
    namespaces,
    defaultRegion: z.string().min(1).max(64).default('eu-1').describe('region of the unprefixed paths'),
    host: z.string().min(1).default('0.0.0.0').describe('address to listen on'),
    port: port(8443, 'port of the direct door: HTTPS with tokens of the issuer'),
    aggregatedPort: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .meta({ description: 'port of the aggregated door, which kube-apiserver forwards to; absent: there is none', placeholder: 'port' }),
    tlsCertFile: z.string().min(1).describe('certificate (PEM); waited for when it is not there yet, read again when it changes'),
    tlsKeyFile: z.string().min(1).describe('its private key (PEM)'),
    aggregatedTlsCertFile: z.string().min(1).optional().describe('certificate of the aggregated door; default: the same'),
    aggregatedTlsKeyFile: z.string().min(1).optional().describe('its private key'),
    ...TokenConfig.shape,
    externalUrl: z.string().min(1).optional().describe('base URL of the direct door as clients see it; default: the host that they used'),
    aggregatedExternalUrl: z
      .string()
      .min(1)
      .optional()
      .describe('URL of kube-apiserver as clients see it; default: the host that they used'),
    trustedProxies: list('addresses (or CIDRs) of proxies whose X-Forwarded-Host is believed'),
    unprotectedManagers: list('field managers, besides kubectl, whose fields the API may change'),
    validationStatus,
    // kube-apiserver cannot be asked for proofs faster than that (src/kube/reflector.ts).
    dataMaxAgeMs: milliseconds('60s', 'how old the roles may be that decide on access by tokens; then 503. At least 15s', 15_000),
    callerRequestsPerSecond: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(200)
      .describe('requests a second of one caller, and of one address that is nobody; more wait'),
    callerBurst: z.int().min(1).max(1_000_000).default(400).describe('requests that one caller may make at once after a pause'),
    callerConcurrency: z.int().min(1).max(10_000).default(6).describe('requests of one caller that are worked on at a time; more wait'),
    peerAddress: peerAddress.optional().describe('URL where other replicas reach this one; absent: there are none'),
    peerKeyFile: z
      .string()
      .min(1)
      .optional()
      .describe('file with the secrets that replicas share, one a line (while one replaces the other: both); waited for, and read again'),
    healthHost: z.string().min(1).default('0.0.0.0').describe('address of /livez, /readyz and /metrics'),
    healthPort: port(8082, 'port of /livez, /readyz and /metrics'),
    drainMs: milliseconds('10s', 'time between "not ready" and the end, so that nobody is sent here any more'),
    logLevel,
  })
  .refine(isHeld, '--token-issuer-bearer-file needs --token-ca-file, the CA of the issuer')
export type ApiConfig = z.output<typeof ApiConfig>

/** `seca-operator token`: flags only, since a sourced .seca/env describes another token. */
export const MintConfig = z.strictObject({
  dataDir,
  subject: z.string().min(1).max(128).default('demo').meta(flagOnly('whom the token names')),
  tenant: z.string().min(1).max(64).optional().meta(flagOnly('hold the token to this tenant; default: wherever the subject has roles')),
  ttlMs: milliseconds('1h', 'how long the token holds'),
  audience: z.string().min(1).default('seca').meta(flagOnly('for whom the token is')),
})
export type MintConfig = z.output<typeof MintConfig>

/** `seca-operator access` */
export const AccessConfig = z.strictObject({
  kubeconfig,
  context,
  namespaces,
  defaultRegion: z.string().min(1).max(64).default('eu-1').describe('region of the unprefixed paths'),
  subject: z.string().min(1).optional().meta(flagOnly('subject of a token: SECA roles decide')),
  user: z.string().min(1).optional().meta(flagOnly('Kubernetes user: Kubernetes decides')),
  groups: list("the Kubernetes user's groups").meta({ flagOnly: true }),
  verb: z.enum(['get', 'list', 'put', 'delete', 'post']).meta(flagOnly('what is to be done')),
  resource: z
    .string()
    .min(1)
    .meta({ ...flagOnly('path or URN: seca.compute/v1/tenants/demo/workspaces/prod/instances/web'), placeholder: 'path' }),
})
export type AccessConfig = z.output<typeof AccessConfig>

/** `seca-operator audit`: what acts, and what the answer is like, comes by flags alone. */
export const AuditConfig = z.strictObject({
  kubeconfig: kubeconfig.optional().describe('kubeconfig of the cluster; default: the service account of the pod'),
  context,
  operatorNamespace,
  namespaces,
  defaultRegion: z.string().min(1).max(64).default('eu-1').describe('region of workspaces and images that name none'),
  tenant: z.string().min(1).max(64).optional().meta(flagOnly('tell only of this tenant')),
  region: z.string().min(1).max(64).optional().meta(flagOnly('tell only of this region')),
  accounts: list('Secrets to look with besides those that CloudProviders name, as <CloudProvider>/<Secret>: accounts that were left').meta({
    flagOnly: true,
  }),
  output: z.enum(['table', 'json']).default('table').meta(flagOnly('how the answer is written; progress goes to stderr')),
  delete: z.boolean().default(false).meta(flagOnly('delete the cloud objects that are proven to be leaked or abandoned; asks first')),
  adopt: z
    .string()
    .min(1)
    .optional()
    .meta({
      ...flagOnly('make the resources of leaked cloud objects anew from their manifests in this file or folder; asks first'),
      placeholder: 'path',
    }),
  yes: z.boolean().default(false).meta(flagOnly('do not ask; for jobs')),
  callTimeoutMs: milliseconds('60s', "the controllers' longest provider call: nothing is concluded before one would have ended"),
})
export type AuditConfig = z.output<typeof AuditConfig>

/** `seca-operator doctor` */
export const DoctorConfig = z
  .strictObject({
    kubeconfig: kubeconfig.optional().describe('kubeconfig of the cluster; default: the service account of the pod, which sees less'),
    context,
    operatorNamespace,
    namespaces,
    output: z.enum(['table', 'json']).default('table').meta(flagOnly('how the answer is written; progress goes to stderr')),
    only: list('names of checks: only these; default: all of them').meta({ flagOnly: true }),
    bundle: z
      .string()
      .min(1)
      .optional()
      .meta({
        ...flagOnly('also write a .tar.gz for support: the answer, conditions, events, resources, logs; no Secrets, tokens or user data'),
        placeholder: 'file',
      }),
    olderThanMs: milliseconds('15m', 'what is not ready, or being deleted, for longer is told'),
    tlsSecret: z
      .string()
      .min(1)
      .optional()
      .describe("Secret of the API's certificate, in the operator's namespace; default: the one that its pods mount"),
    apiUrl: z.string().min(1).optional().describe('base URL of the direct door, as clients reach it; absent: it is not asked'),
    apiCaFile: z.string().min(1).optional().describe('PEM of the CAs that vouch for it there; default: the usual ones'),
    ...TokenConfig.pick({ tokenKeyFile: true, tokenJwksUrl: true, tokenCaFile: true, tokenIssuerBearerFile: true }).shape,
    tokenIssuer: z.string().min(1).optional().describe("issuer of the tokens: their claim iss; default: what the API's Deployment says"),
  })
  .refine(isHeld, '--token-issuer-bearer-file needs --token-ca-file, the CA of the issuer')
export type DoctorConfig = z.output<typeof DoctorConfig>

/** `seca-operator simulator` */
export const SimulatorConfig = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('address to listen on; without a certificate one of loopback, since tokens travel in clear text'),
    port: port(8090, 'port to listen on'),
    tlsCertFile: z
      .string()
      .min(1)
      .optional()
      .describe('certificate (PEM) for HTTPS; waited for when it is not there yet, read again when it changes'),
    tlsKeyFile: z.string().min(1).optional().describe('its private key (PEM)'),
    stateDir: z.string().min(1).default('.seca/simulator').describe("folder for the cloud's state"),
    simulatorToken: z.string().min(1).describe('token of customers; flags are visible to others, so give the variable'),
    simulatorAdminToken: z.string().min(1).describe('token of /admin; flags are visible to others, so give the variable'),
    latencyMs,
    strict: z.boolean().default(false).describe('refuse second attachments, and addresses and blocks given twice'),
    character: characters,
    account: z.string().min(1).max(64).optional().describe("name of the customers' account; default: what it was, at first a random one"),
    logLevel,
  })
  .refine(
    ({ tlsCertFile, tlsKeyFile }) => (tlsCertFile === undefined) === (tlsKeyFile === undefined),
    '--tls-cert-file and --tls-key-file go together',
  )
export type SimulatorConfig = z.output<typeof SimulatorConfig>

/** `seca-operator start` */
export const StartConfig = z
  .strictObject({
    dataDir,
    clean: z.boolean().default(false).describe('forget everything of earlier starts first'),
    node: z
      .boolean()
      .default(false)
      .meta(flagOnly('run a whole node, with the chart installed on it and everything of ours in pods; needs Linux and root')),
    // Only the flag: an existing cluster is never used because a variable happens to point at one.
    kubeconfig: kubeconfig.optional().meta({ description: 'use this cluster instead of the embedded control plane', flagOnly: true }),
    region,
    latencyMs,
    cloud: characters,
    validationStatus,
    ...programs,
    logLevel,
  })
  .refine(({ node, kubeconfig: named }) => !node || named === undefined, '--node and --kubeconfig exclude each other')
export type StartConfig = z.output<typeof StartConfig>

/** `seca-operator install` */
export const InstallConfig = z.strictObject({ kubeconfig, context, operatorNamespace, namespaces })
export type InstallConfig = z.output<typeof InstallConfig>
