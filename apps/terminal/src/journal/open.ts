/** A device's journal as a file: made by provisioning, opened by the process that drives the device. */
import { DatabaseSync } from "node:sqlite";
import { readIdentity, type Identity } from "./rows.ts";
import { prepareJournal } from "./schema.ts";
import { Journal } from "./store.ts";
import { createVault } from "./vault.ts";

export type JournalOptions = {
  readonly path: string;
  /** 32 bytes; seals what identifies a card. */
  readonly deviceKey: Uint8Array;
  readonly random: (length: number) => Uint8Array;
};

/**
 * Opens the journal of a provisioned device. What has no outcome because the process ended is to be
 * undone where it can be, still to be sent where it is an advice, and void otherwise. Throws where
 * the file belongs to a running process or no device.
 */
export function openJournal(options: JournalOptions): Journal {
  const database = new DatabaseSync(options.path);
  try {
    prepareJournal(database);
    const device = database.prepare("select identity from device").get();
    if (!device) throw new Error(`${options.path} holds no device: provision it first`);
    database.exec(
      `update transactions set state = coalesce((select case d.kind when 'reversal' then 'reversing'
         else 'open' end from dues d where d.transaction_id = transactions.id
           and d.kind in ('reversal', 'advice')), 'lapsed')
       where state = 'open'`,
    );
    const identity = readIdentity(String(device["identity"]));
    const vault = createVault(options.deviceKey, options.random);
    return new Journal(database, vault, identity);
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Makes a file the journal of this device, or gives a device that is known its present identity and
 * master key; counters, transactions and reversals stay.
 */
export function provisionJournal(path: string, identity: Identity, masterKey: string): void {
  const database = new DatabaseSync(path);
  try {
    prepareJournal(database);
    database
      .prepare(
        `insert into device (only, identity, tmk) values (1, ?, ?)
         on conflict (only) do update set identity = excluded.identity, tmk = excluded.tmk`,
      )
      .run(JSON.stringify(identity), masterKey);
    database.exec("delete from settings where name = 'tamper'");
  } finally {
    database.close();
  }
}
