/** The issuer's connections, its migrations, and how columns are read. */
export * as row from "./row.ts";
export { migrateIssuer, migrations } from "./migrations.ts";
export {
  atOneMoment,
  openPool,
  transaction,
  withClient,
  type Client,
  type Database,
} from "./pool.ts";
