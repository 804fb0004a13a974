export { openHostLink, type HostAnswer, type HostLink, type Signer } from "./link.ts";
