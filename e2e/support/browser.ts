import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePorts } from '../../src/embedded/cluster/ports.ts'
import { eventually } from './harness.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/** A Chromium of this machine; undefined where there is none. */
export function findBrowser(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return [process.env['CHROME_BIN'] ?? '', ...folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))].find(
    (file) => file !== '' && existsSync(file),
  )
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: object
  readonly result?: { readonly result?: { readonly value?: unknown }; readonly exceptionDetails?: object }
}

/** One page of a headless browser, driven by the DevTools protocol. */
export class Browser {
  /** Errors that the page's console, policy or network showed, and every URL that it asked for. */
  readonly errors: string[] = []
  readonly requests: string[] = []
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (message: Message) => void>()
  #next = 1

  constructor(child: ChildProcess, folder: string, socket: WebSocket) {
    this.#child = child
    this.#folder = folder
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Message))
  }

  static async start(executable: string, flags: readonly string[] = []): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'seca-browser-'))
    const { debug } = await freePorts(['debug'], {})
    const args = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      ...flags,
      `--remote-debugging-port=${debug}`,
      `--user-data-dir=${folder}`,
      'about:blank',
    ]
    const child = spawn(executable, args, { stdio: 'ignore' })
    const url = await eventually(async () => {
      const pages = (await (await fetch(`http://127.0.0.1:${debug}/json`)).json()) as { type: string; webSocketDebuggerUrl: string }[]
      return pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? false
    })
    const socket = new WebSocket(String(url))
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve, { once: true })
      socket.addEventListener('error', () => reject(new Error('the browser does not talk')), { once: true })
    })
    const browser = new Browser(child, folder, socket)
    for (const domain of ['Page', 'Log', 'Runtime', 'Network']) await browser.#send(`${domain}.enable`)
    return browser
  }

  async open(url: string): Promise<void> {
    await this.#send('Page.navigate', { url })
    await eventually(
      async () =>
        (await this.run<string>('document.readyState')) === 'complete' && (await this.run<string>('location.href')).startsWith(url),
    )
  }

  /** Value of an expression in the page. */
  async run<T>(expression: string): Promise<T> {
    const { result } = await this.#send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    if (result?.exceptionDetails !== undefined) throw new Error(JSON.stringify(result.exceptionDetails))
    return result?.result?.value as T
  }

  /** Makes the window another size; a narrow one is a phone's. */
  async resize(width: number, height: number): Promise<void> {
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: width < 600 })
  }

  stop(): void {
    this.#socket.close()
    this.#child.once('exit', () => rmSync(this.#folder, { recursive: true, force: true }))
    this.#child.kill('SIGKILL')
  }

  #send(method: string, params: object = {}): Promise<Message> {
    const id = this.#next++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, method, params }))
    })
  }

  #receive(message: Message): void {
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message)
    if (message.method === 'Log.entryAdded' || message.method === 'Runtime.exceptionThrown')
      this.errors.push(JSON.stringify(message.params))
    if (message.method === 'Network.requestWillBeSent') this.requests.push((message.params as { request: { url: string } }).request.url)
  }
}
