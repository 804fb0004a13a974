export { signatureContext } from "./papers-desk.ts";
export type { DeskOptions } from "./counter.ts";
export { openDesk } from "./desk.ts";
export {
  listen,
  openReception,
  type Listener,
  type ListenerOptions,
  type TlsIdentity,
  type Reception,
} from "./listener.ts";
export { apiActions, isVirtual, payByApi, typeOf, type ApiAction } from "./virtual-terminal.ts";
export { openNetworkLink, type Heard, type NetworkLink } from "./network-link.ts";
export { keepHeard, replyKey, sendAdvice } from "./network-message.ts";
export { codeOf, refusals } from "./refusals.ts";
