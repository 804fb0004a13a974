export { plainly, securely } from "./connect.ts";
export { openHostLink, type HostAnswer, type HostLink } from "./link.ts";
