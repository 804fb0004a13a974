/** What the bank needs of a store. Whatever it promises is durable when the promise resolves. */
import type { CardRecord } from "../cards/index.ts";
import type { Script } from "./authorisation.ts";
import type { Book } from "./book.ts";

/** What a decision reads besides: everything is there in the book, locked, when it decides. */
export type Names = {
  /** Requests by their key; what they follow comes with them. */
  readonly keys: readonly string[];
  /** Cards by their token; with them their accounts and what waits for their chips. */
  readonly cards: readonly string[];
  /** An offline approval whose cryptogram may have been used before. */
  readonly offline?: { readonly card: string; readonly psn: string; readonly atc: number };
};

export type Step<T> = {
  /** The bucket of the account that it is about. */
  readonly bucket: number;
  readonly names: Names;
  /** Reads and changes the book; pure but for that. May run again on a fresh book. */
  readonly decide: (book: Book) => T;
};

/** A hold or promise whose time is over. */
export type Overdue = { readonly key: string; readonly card: string; readonly bucket: number };

export type OrderedScript = Script & {
  readonly state: "pending" | "sent" | "done" | "failed";
};

export type BankStore = {
  /** The card with this token, to gather evidence by; a decision reads it again under its lock. */
  readonly card: (token: string) => Promise<CardRecord | undefined>;
  /** Decides on what is stored, and makes what that changed durable, all or nothing. */
  readonly run: <T>(step: Step<T>) => Promise<T>;
  readonly overdue: (now: number, limit: number) => Promise<readonly Overdue[]>;
  /** Notes what to tell a card's chip; undefined where no card has that name. */
  readonly order: (
    name: string,
    script: Omit<Script, "id">,
    now: number,
  ) => Promise<number | undefined>;
  /** What a card's chip was to be told, the newest first; undefined where no card has that name. */
  readonly ordered: (name: string) => Promise<readonly OrderedScript[] | undefined>;
};
