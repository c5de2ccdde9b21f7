import { startNode } from '../../src/embedded/cluster/node/node.ts'

/** A program that starts a node and then is there to be killed: `node start.ts <data folder> <assets> <programs>`. Prints `ready`. */
const [dataDir = '', assets = '', programs = ''] = process.argv.slice(2)
const node = await startNode({ dataDir, assets, programs, log: (line) => console.error(line), unsafeNoFsync: true })
console.log(`ready ${JSON.stringify(node.pids)}`)
setInterval(() => undefined, 60_000)
