export { insertLimits, readLimits } from "./limits.ts";
export { openPostgresStore, type PostgresStoreOptions } from "./postgres.ts";
export {
  followedOf,
  hopsOf,
  listTransactions,
  readTransaction,
  standing,
  type Filter,
  type Followed,
  type HopRow,
  type TransactionRow,
} from "./reading.ts";
