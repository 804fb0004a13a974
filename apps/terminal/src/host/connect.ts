/** The way from a device to the acquirer's port: plain TCP, or TLS with certificates on both sides. */
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Socket } from "@tillway/link";

export type Address = { readonly host: string; readonly port: number };

/** Opens plain TCP connections. */
export const plainly =
  (address: Address): (() => Socket) =>
  () =>
    connect({ ...address, noDelay: true });

/** Opens TLS connections with this certificate, to a host that the same authority certified. */
export function securely(
  address: Address,
  certified: { readonly key: string; readonly cert: string; readonly ca: string },
): () => Socket {
  return () => {
    const socket = connectTls({ ...address, ...certified, minVersion: "TLSv1.2" });
    socket.setNoDelay(true);
    return socket;
  };
}
