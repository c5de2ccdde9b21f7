import type { Check } from '../check.ts'
import { apiServices, namespaces } from './api-services.ts'
import { certificates } from './certificates.ts'
import { clouds } from './clouds.ts'
import { clocks, cluster } from './cluster.ts'
import { crds } from './crds.ts'
import { door } from './door.ts'
import { installation } from './installation.ts'
import { issuer } from './issuer.ts'
import { leadership } from './leadership.ts'
import { objects } from './objects.ts'
import { workloads } from './pods.ts'
import { policy } from './policy.ts'
import { regions } from './regions.ts'
import { replicas } from './replicas.ts'
import { rights } from './rights.ts'
import { shards } from './shards.ts'

/** All checks, in an order in which the first line that is not ok usually explains those after it. */
export const CHECKS: readonly Check[] = [
  cluster,
  clocks,
  crds,
  policy,
  rights,
  installation,
  workloads,
  leadership,
  shards,
  replicas,
  certificates,
  issuer,
  door,
  apiServices,
  namespaces,
  clouds,
  regions,
  objects,
]
