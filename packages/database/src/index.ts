export { sqlName, sqlState, type Rows, type Sql } from "./sql.ts";
export { BUCKETS, bucketOf } from "./buckets.ts";
export { inTransaction, isConflict, type Retry } from "./transaction.ts";
export { migrate, MigrationError, type MigrateOptions, type Migration } from "./migrate.ts";
export { blamesRows, Lanes, type LanesOptions } from "./lanes.ts";
export { dayPartition, detachDaysBefore, ensureDays } from "./days.ts";
export {
  connectionUrl,
  LANE_SETTINGS,
  prepared,
  SIDES,
  type PreparingClient,
  type Side,
} from "./connection.ts";
export { jsonArray, jsonTexts } from "./json.ts";
export {
  bigintOf,
  bigintOrNull,
  booleanOf,
  bytesOf,
  fieldsOf,
  fieldsOrNull,
  instantOf,
  integerOf,
  integerOrNull,
  textOf,
  textOrNull,
  toInstant,
  wordOf,
  type Row,
} from "./rows.ts";
