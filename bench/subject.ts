/** A subject of a bench: a process that answers one line with one line, so that each has its own runtime. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";

export type Command = {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
};

export class Subject {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #complaint = "";

  constructor(command: Command) {
    this.name = command.name;
    this.#child = spawn(command.program, command.args, { stdio: ["pipe", "pipe", "pipe"] });
    this.#child.stderr.on("data", (text) => (this.#complaint += String(text)));
    this.#child.on("error", (error) => (this.#complaint += error.message));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line; an error with what the process complained of if there is none. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true)
      throw new Error(`${this.name} ended: ${this.#complaint.slice(0, 2000)}`);
    return next.value;
  }

  /** Asks for a run; operations per second. */
  async run(what: string, message: string, milliseconds: number): Promise<number> {
    this.#child.stdin.write(`run ${what} ${message} ${milliseconds}\n`);
    const answer = await this.line();
    const [count, nanoseconds] = answer.split(" ").map(Number);
    if (!count || !nanoseconds) throw new Error(`${this.name} answered ${answer}`);
    return (count * 1e9) / nanoseconds;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
