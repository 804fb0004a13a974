/** What connections cost that are signed in and do nothing. */
import type { Subject } from "./round.ts";
import { usageOf } from "./usage.ts";

/** Time for what the sign-ins left behind to be collected (ms). */
const CALM_MS = 3000;

export const calm = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, CALM_MS));

/** Bytes of the host's resident memory for each connection that `open` makes. */
export async function idleBytes(
  pid: number,
  connections: number,
  open: () => Promise<Subject>,
): Promise<number> {
  const before = usageOf(pid).resident;
  const subject = await open();
  await calm();
  const after = usageOf(pid).resident;
  subject.load.close();
  return (after - before) / connections;
}
