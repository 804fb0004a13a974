export { Desk, type NotTaken, type Paid } from "./payment.ts";
export { kernelConfiguration } from "./sale.ts";
export type { Screen } from "./screen.ts";
