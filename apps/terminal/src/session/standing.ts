/** Whether a device is signed in, and the working keys of its session. */
import type { Message } from "@tillway/iso8583";
import type { SecurityModule } from "@tillway/keys";
import type { Clock } from "@tillway/link";
import type { HostLink } from "../host/index.ts";
import type { Journal } from "../journal/index.ts";
import { importKeys, type WorkingKeys } from "./keys.ts";
import { managed, signInRequest, signOffRequest, type Management } from "./management.ts";

export type StandingOptions = {
  readonly journal: Journal;
  readonly module: SecurityModule;
  readonly link: () => HostLink;
  readonly clock: Clock;
  readonly onChange: () => void;
  /** What is worth a line in the log; never card data or keys. */
  readonly onNotice: (what: string, about: Readonly<Record<string, string>>) => void;
};

export class Standing {
  readonly #options: StandingOptions;
  #keys: WorkingKeys | undefined;
  #generation = 0;
  /** No keys yet, or the host said that they are not right any more. */
  #stale = true;
  /** The operator signed off: no sign-in until somebody wants to pay or says so. */
  #off = false;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  signedIn(): boolean {
    return !this.#stale;
  }

  signedOff(): boolean {
    return this.#off;
  }

  /** The working keys, where they are good. */
  keys(): WorkingKeys | undefined {
    return this.#stale ? undefined : this.#keys;
  }

  /** The keys are not good any more. */
  needKeys(): void {
    this.#stale = true;
    this.#options.onChange();
  }

  /** The working keys go, whoever is using them. */
  eraseKeys(): void {
    this.#keys = undefined;
    this.needKeys();
  }

  /** The working keys, after a sign-in where it takes one. */
  async freshKeys(): Promise<WorkingKeys | undefined> {
    if (this.#stale && (await this.signIn()).outcome !== "approved") return undefined;
    return this.keys();
  }

  /** Sends a management message and says what came of it. */
  async manage(request: () => Message): Promise<Management> {
    const { clock, link } = this.#options;
    const began = clock.now();
    return managed(await link().exchange(request()), this.rest(began));
  }

  rest(began: number): Pick<Management, "batch" | "elapsedMs"> {
    const { journal, clock } = this.#options;
    return { batch: journal.batch(), elapsedMs: clock.now() - began };
  }

  async signIn(): Promise<Management> {
    const { journal, module, clock, onNotice, onChange, link } = this.#options;
    const began = clock.now();
    const masterKey = journal.masterKey();
    if (masterKey === undefined) {
      return { outcome: "refused", responseCode: "", ...this.rest(began) };
    }
    const answer = await link().exchange(signInRequest(journal));
    const result = managed(answer, this.rest(began));
    if (answer.kind !== "answered" || result.outcome !== "approved") {
      onNotice("not-signed-in", { outcome: result.outcome, responseCode: result.responseCode });
      return result;
    }
    const reply = answer.reply.fields;
    const generation = this.#generation + 1;
    const keys = await importKeys(module, masterKey, reply["62"] ?? "", generation);
    if (journal.masterKey() !== masterKey) {
      // Erased, or another one was injected, while the host was asked.
      return { outcome: "refused", responseCode: "", ...this.rest(began) };
    }
    if (!keys) {
      // The host and this device do not share a master key: A7, security processing failed.
      onNotice("sign-in-keys-wrong", {});
      return { ...result, outcome: "declined", responseCode: "A7" };
    }
    this.#keys = keys;
    this.#generation = generation;
    this.#stale = false;
    this.#off = false;
    const batch = reply["60"]?.slice(2, 8) ?? "";
    if (/^\d{6}$/.test(batch) && batch !== journal.batch()) journal.setBatch(batch);
    onNotice("signed-in", { batch: journal.batch() });
    onChange();
    return { ...result, batch: journal.batch() };
  }

  async signOff(): Promise<Management> {
    const result = await this.manage(() => signOffRequest(this.#options.journal));
    if (result.outcome !== "approved") return result;
    this.#off = true;
    this.needKeys();
    return result;
  }
}
