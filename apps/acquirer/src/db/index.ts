export { openLane, openPool, type Database, type Lane } from "./pool.ts";
export { detachDays, migrateSchema, openDayKeeper, SCHEMA, type Days } from "./schema.ts";
