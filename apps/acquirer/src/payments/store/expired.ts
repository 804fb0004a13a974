/** Transactions in flight whose owner is gone. */
import { bigintOf, integerOf, textOf, toInstant, type Sql } from "@tillway/database";
import type { Lease, Place } from "../step.ts";
import type { Kept } from "../transaction.ts";
import { keptOf } from "./kept.ts";

export type Expired = Place & {
  readonly lease: Lease;
  readonly rrn: string;
  readonly merchant: string;
  readonly networkKey: string;
  readonly sent: Kept;
};

/** Leases of this node's earlier lives, and leases of anybody that ran out. */
export async function expiredFlights(
  sql: Sql,
  when: {
    readonly node: string;
    readonly epoch: string;
    readonly now: number;
    readonly limit: number;
  },
): Promise<Expired[]> {
  const found = await sql.query(
    `select f.bucket, f.transaction::text as transaction, f.business_date::text as day, f.owner,
            f.epoch::text as epoch, t.rrn, t.merchant, t.network_key, sent.message
       from in_flight f
       join transaction t on t.bucket = f.bucket and t.id = f.transaction
        and t.business_date = f.business_date
       join lateral (select m.message from kept_message m
                      where m.bucket = f.bucket and m.transaction = f.transaction
                        and m.business_date = f.business_date and m.hop = 'network-request'
                      limit 1) sent on true
      where (f.owner = $1 and f.epoch < $2) or f.lease_until < $3
      order by f.bucket, f.transaction limit $4`,
    [when.node, when.epoch, toInstant(when.now), when.limit],
  );
  return found.rows.map((row) => ({
    bucket: integerOf(row, "bucket"),
    transaction: textOf(row, "transaction"),
    businessDate: textOf(row, "day"),
    lease: { owner: textOf(row, "owner"), epoch: bigintOf(row, "epoch").toString() },
    rrn: textOf(row, "rrn"),
    merchant: textOf(row, "merchant"),
    networkKey: textOf(row, "network_key"),
    sent: keptOf(row, "message"),
  }));
}
