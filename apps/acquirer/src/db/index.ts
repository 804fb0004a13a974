export { openLane, openPool, type Database, type Lane } from "./pool.ts";
export { migrateSchema, openDayKeeper, SCHEMA, type Days } from "./schema.ts";
export { fieldsOf, instantOf, instantOrNull, toInstant, wordOf } from "./columns.ts";
