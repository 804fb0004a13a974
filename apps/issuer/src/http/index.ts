/** The issuer's HTTP face: wiring only. */
export { createMetrics, type Metrics } from "./metrics.ts";
export { openHttp, type HttpParts } from "./server.ts";
