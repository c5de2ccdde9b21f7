#!/usr/bin/env node
// Runs on any Node ≥ 20: installs the dependencies when they are missing or outdated, then goes on in src/main.ts on the Node
// release that package.json pins. Plain JavaScript, without dependencies.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const modules = join(root, 'node_modules')
const lockFile = join(root, 'package-lock.json')
const pinnedVersion = Object.values(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).optionalDependencies)[0]
/** Packages with a Node build for this platform; not every platform has one. */
const PINNED = ['node', 'node-bin'].map((prefix) => `node_modules/${prefix}-${process.platform}-${process.arch}`)
const RUNS_TYPESCRIPT = 24 // first Node line that runs TypeScript sources without a flag

function fail(message) {
  console.error(message)
  process.exit(1)
}

/** Whether npm's own record of node_modules (written last) has all that the lockfile asks for, the pinned Node included. */
function isInstalled() {
  const record = join(modules, '.package-lock.json')
  if (!existsSync(record)) return false
  const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages
  const [wanted, present] = [packagesOf(lockFile), packagesOf(record)]
  const isHere = ([path, entry]) => {
    const mayBeMissing = path === '' || entry.link || ((entry.optional || entry.devOptional) && !PINNED.includes(path))
    return mayBeMissing || present[path]?.version === entry.version
  }
  return Object.entries(wanted).every(isHere)
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** `npm ci`, by one process at a time: two at once would delete each other's files. */
async function install() {
  const lock = join(root, '.seca-install.lock')
  for (let told = false; ;) {
    try {
      mkdirSync(lock)
      writeFileSync(join(lock, 'pid'), String(process.pid))
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    const holder = existsSync(join(lock, 'pid')) ? Number(readFileSync(join(lock, 'pid'), 'utf8')) : 0
    if (holder > 0 && !isAlive(holder)) rmSync(lock, { recursive: true, force: true })
    else if (!told) {
      told = true
      console.error(`waiting for process ${holder || '(unknown)'}, which installs the dependencies (if none does: remove ${lock})`)
    }
    await sleep(300)
  }
  try {
    if (isInstalled()) return
    const start = performance.now()
    console.error('installing dependencies (npm ci)…')
    const args = ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']
    const seconds = () => Math.round((performance.now() - start) / 1000)
    const alive = setInterval(() => console.error(`installing dependencies (${seconds()} s)`), 15_000)
    const npm = spawn('npm', args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    const how = await new Promise((resolve) => {
      npm.once('error', (error) => resolve(error.code === 'ENOENT' ? 'npm is not installed' : error.message))
      npm.once('exit', (code, signal) => resolve(code === 0 ? '' : (signal ?? `exit code ${code}`)))
    })
    clearInterval(alive)
    if (how === 'npm is not installed')
      fail('npm is not installed, or not on PATH. Install Node.js with npm (https://nodejs.org), then start again.')
    if (how) fail(`npm ci failed (${how}). Check the network and the registry, then start again.`)
    console.error(`✓ dependencies installed (${seconds()} s)`)
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** The pinned Node; where it has no build for this platform, the running one if it is able to. */
function findNode() {
  for (const path of PINNED) {
    const node = join(root, path, 'bin', 'node')
    if (existsSync(node) && spawnSync(node, ['--version']).status === 0) return node
  }
  if (Number(process.versions.node.split('.')[0]) >= RUNS_TYPESCRIPT) return process.execPath
  return fail(`There is no packaged Node.js for ${process.platform}-${process.arch}. Install Node.js ${pinnedVersion} and start again.`)
}

if (Number(process.versions.node.split('.')[0]) < 20) fail(`Node.js ${process.versions.node} is too old: version 20 or newer is needed.`)
if (!isInstalled()) await install()

const env = { ...process.env, PATH: `${join(modules, '.bin')}${delimiter}${process.env.PATH ?? ''}` }
const child = spawn(findNode(), [join(root, 'src', 'main.ts'), ...process.argv.slice(2)], { stdio: 'inherit', env })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => fail(`cannot start Node.js: ${error.message}`))
child.on('exit', (code, signal) => {
  if (signal === null) process.exit(code ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
