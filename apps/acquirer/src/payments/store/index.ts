export { insertLimits, readLimits } from "./limits.ts";
export { openPostgresStore, type PostgresStoreOptions } from "./postgres.ts";
export {
  hopsOf,
  listTransactions,
  readTransaction,
  standing,
  type Filter,
  type HopRow,
  type TransactionRow,
} from "./reading.ts";
