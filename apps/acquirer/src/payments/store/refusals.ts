/** Messages that were refused before they became a transaction. */
import { toInstant, type Sql } from "@tillway/database";
import type { RefusedMessage } from "../port.ts";

export async function recordRefusals(sql: Sql, refused: readonly RefusedMessage[]): Promise<void> {
  await sql.query(
    `insert into refused_message (business_date, at, reason, response_code, mti, terminal, merchant,
       peer, message)
     select day, at, reason, code, mti, terminal, merchant, peer, message::jsonb
       from unnest($1::date[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
                   $7::text[], $8::text[], $9::text[])
         as u (day, at, reason, code, mti, terminal, merchant, peer, message)`,
    [
      refused.map(({ businessDate }) => businessDate),
      refused.map(({ at }) => toInstant(at)),
      refused.map(({ reason }) => reason),
      refused.map(({ responseCode }) => responseCode),
      refused.map(({ mti }) => mti),
      refused.map(({ terminal }) => terminal),
      refused.map(({ merchant }) => merchant),
      refused.map(({ peer }) => peer),
      refused.map(({ message }) => (message ? JSON.stringify(message) : null)),
    ],
  );
}
