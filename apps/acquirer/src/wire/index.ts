export { openDesk } from "./desk.ts";
export { listen, type Listener } from "./listener.ts";
export { openNetworkLink, type Heard, type NetworkLink } from "./network-link.ts";
export { keepHeard, replyKey, sendAdvice } from "./network-sale.ts";
