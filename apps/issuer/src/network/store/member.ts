/** Members of the network, their keys and the table of card number prefixes. */
import { textOf, toInstant, wordOf, type Sql } from "@tillway/database";
import type { Member } from "../store.ts";

const MAC_ALGORITHMS = ["unionpay-ecb", "x919", "cbc", "cmac"] as const;

export async function findMember(sql: Sql, institution: string): Promise<Member | undefined> {
  const { rows } = await sql.query(
    `select institution, role, zmk, mac_algorithm from issuer.network_member
     where institution = $1`,
    [institution],
  );
  const found = rows[0];
  return (
    found && {
      institution: textOf(found, "institution"),
      role: wordOf(found, "role", ["acquirer", "issuer"]),
      zmk: textOf(found, "zmk"),
      macAlgorithm: wordOf(found, "mac_algorithm", MAC_ALGORITHMS),
    }
  );
}

/** Adds a member or gives it its new ZMK; false where that is its ZMK already. */
export async function saveMember(
  sql: Sql,
  member: Pick<Member, "institution" | "role" | "zmk"> & { name: string; kcv: string; at: number },
): Promise<boolean> {
  const { rowCount } = await sql.query(
    `insert into issuer.network_member (institution, name, role, zmk, zmk_kcv, changed_at)
     values ($1, $2, $3, $4, $5, $6)
     on conflict (institution) do update
     set zmk = excluded.zmk, zmk_kcv = excluded.zmk_kcv, changed_at = excluded.changed_at
     where network_member.zmk_kcv <> excluded.zmk_kcv`,
    [member.institution, member.name, member.role, member.zmk, member.kcv, toInstant(member.at)],
  );
  return rowCount === 1;
}

/** The table of card number prefixes: which institution issues what begins with each. */
export async function allRoutes(sql: Sql): Promise<Map<string, string>> {
  const { rows } = await sql.query("select prefix, institution from issuer.network_route");
  return new Map(rows.map((row) => [textOf(row, "prefix"), textOf(row, "institution")]));
}

export async function saveRoute(sql: Sql, prefix: string, institution: string): Promise<void> {
  await sql.query(
    `insert into issuer.network_route (prefix, institution) values ($1, $2)
     on conflict (prefix) do update set institution = excluded.institution`,
    [prefix, institution],
  );
}
