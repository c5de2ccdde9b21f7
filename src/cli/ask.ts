import { createInterface } from 'node:readline'

/** Asks a question whose only yes is the word itself. An end of the input, or Ctrl-C, is a no. */
export function isYes(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<boolean> {
  const terminal = createInterface({ input, output })
  return new Promise((resolve) => {
    terminal.once('close', () => resolve(false))
    terminal.question(`${question} Only "yes" is taken: `, (answer) => {
      resolve(answer.trim() === 'yes')
      terminal.close()
    })
  })
}
