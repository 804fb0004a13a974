export { startServer, prepareDatabase, type DatabaseServer, type ServerOptions } from "./server.ts";
export { bootstrap } from "./bootstrap.ts";
export { DatabaseProblem } from "./problem.ts";
export { startTestDatabase, type TestDatabase } from "./testing.ts";
