/** The issuer's connections and its migrations. */
export { migrateIssuer, migrations } from "./migrations.ts";
export {
  atOneMoment,
  batch,
  openPool,
  transaction,
  withClient,
  type Client,
  type Database,
} from "./pool.ts";
