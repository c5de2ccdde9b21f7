/** What the stand-in sells everywhere. */
export const IMAGES = [
  { id: 'a0000000-0000-4000-8000-000000000001', name: 'Ubuntu-24.04-LTS-server', alias: 'ubuntu:latest', location: 'de/txl' },
  { id: 'a0000000-0000-4000-8000-000000000002', name: 'Debian-12-server', alias: 'debian:12', location: 'de/txl' },
  { id: 'a0000000-0000-4000-8000-000000000003', name: 'Debian-12-server', alias: 'debian:12', location: 'de/fra' },
] as const

export const LOCATIONS = ['de/fra', 'de/txl', 'es/vit', 'fr/par'] as const
export const CPUS = [
  { cpuFamily: 'INTEL_ICELAKE', maxCores: 31, maxRam: 245_760, vendor: 'GenuineIntel' },
  { cpuFamily: 'AMD_EPYC', maxCores: 62, maxRam: 245_760, vendor: 'AuthenticAMD' },
] as const

export const TEMPLATES = [
  { id: 'b0000000-0000-4000-8000-000000000001', name: 'Basic Cube XS', cores: 1, ram: 2_048, storageSize: 60 },
  { id: 'b0000000-0000-4000-8000-000000000002', name: 'Basic Cube S', cores: 2, ram: 4_096, storageSize: 120 },
] as const

const PLENTY = 10_000
const LIMIT_NAMES = `coresPerContract coresProvisioned ramPerContract ramProvisioned hddLimitPerVolume hddLimitPerContract hddVolumeProvisioned
  ssdLimitPerVolume ssdLimitPerContract ssdVolumeProvisioned dasVolumeProvisioned reservableIps reservedIpsOnContract reservedIpsInUse
  k8sClusterLimitTotal k8sClustersProvisioned nlbLimitTotal nlbProvisioned natGatewayLimitTotal natGatewayProvisioned`

/** `resourceLimits` of the contract. */
export const LIMITS = Object.fromEntries(LIMIT_NAMES.split(/\s+/).map((key) => [key, PLENTY]))
