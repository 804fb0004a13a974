export { openDesk } from "./desk.ts";
export {
  listen,
  openReception,
  type Listener,
  type ListenerOptions,
  type TlsIdentity,
  type Reception,
} from "./listener.ts";
export { openNetworkLink, type Heard, type NetworkLink } from "./network-link.ts";
export { keepHeard, replyKey, sendAdvice } from "./network-message.ts";
export { codeOf } from "./refusals.ts";
