export { openHostLink, type HostAnswer, type HostLink } from "./link.ts";
