/** Makes the plan of a failing simulation as small as it can while it still fails in the same way. */
import type { Order } from "./parties/till.ts";
import type { Plan } from "./plan.ts";

/** Every smaller list that delta debugging tries at one size of its pieces. */
function* without<T>(list: readonly T[], pieces: number): Generator<readonly T[]> {
  const size = Math.ceil(list.length / pieces);
  for (let at = 0; at < list.length; at += size) {
    yield [...list.slice(0, at), ...list.slice(at + size)];
  }
}

function withoutTear({ tear, ...order }: Order): Order {
  return tear === undefined ? order : { ...order };
}

/** ddmin (Zeller): the list with every piece left out that is not needed. */
async function smallest<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let kept = list;
  let pieces = 1;
  while (kept.length > 0) {
    let smaller: readonly T[] | undefined;
    for (const candidate of without(kept, pieces)) {
      if (await fails(candidate)) {
        smaller = candidate;
        break;
      }
    }
    if (smaller) {
      kept = smaller;
      pieces = Math.max(1, pieces - 1);
    } else if (pieces >= kept.length) {
      return kept;
    } else {
      pieces = Math.min(kept.length, pieces * 2);
    }
  }
  return kept;
}

/**
 * The smaller plan. `fails` runs a plan: where it breaks the same rule, the plan as it was met, with
 * the faults that came to pass; it is asked at most `tries` times. Fewer orders are tried with the
 * faults as they are and, since each fault names a place that moves with every order, drawn anew.
 */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<Plan | undefined>,
  tries: number,
): Promise<Plan> {
  let left = tries;
  let small = plan;
  const still = async (candidate: Plan): Promise<boolean> => {
    if (left === 0) return false;
    left -= 1;
    const met = await fails(candidate);
    if (met) small = met;
    return met !== undefined;
  };
  const withOrders = async (orders: Plan["orders"]): Promise<boolean> => {
    if (await still({ ...small, orders })) return true;
    const { frames: _frames, calls: _calls, ...drawn } = small;
    return still({ ...drawn, orders });
  };
  await shortestStart(small.orders, withOrders);
  await smallest(small.crashes, (crashes) => still({ ...small, crashes }));
  await smallest(small.orders, withOrders);
  await smallest(small.calls ?? [], (calls) => still({ ...small, calls }));
  await smallest(small.frames ?? [], (frames) => still({ ...small, frames }));
  await smallest(small.orders, (orders) => still({ ...small, orders }));
  await still({ ...small, orders: small.orders.map((order) => withoutTear(order)) });
  return small;
}

/** The shortest beginning of a list that fails, by halving: what comes after it changes nothing before. */
async function shortestStart<T>(
  list: readonly T[],
  fails: (list: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let [least, most] = [0, list.length];
  while (least < most) {
    const middle = (least + most) >> 1;
    if (await fails(list.slice(0, middle))) most = middle;
    else least = middle + 1;
  }
  return list.slice(0, most);
}
