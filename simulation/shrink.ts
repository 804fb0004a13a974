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
 * The smaller plan. `fails` runs a plan and says whether it breaks the same rule; it is asked at
 * most `tries` times.
 */
export async function shrink(
  plan: Plan,
  fails: (plan: Plan) => Promise<boolean>,
  tries: number,
): Promise<Plan> {
  let left = tries;
  const still = async (candidate: Plan): Promise<boolean> => {
    if (left === 0) return false;
    left -= 1;
    return fails(candidate);
  };
  let small = plan;
  const shorter = (list: Plan["orders"]): Promise<boolean> => still({ ...small, orders: list });
  small = { ...small, orders: await shortestStart(small.orders, shorter) };
  const crashes = await smallest(small.crashes, (list) => still({ ...small, crashes: list }));
  small = { ...small, crashes };
  const calls = await smallest(small.calls ?? [], (list) => still({ ...small, calls: list }));
  small = { ...small, calls };
  const frames = await smallest(small.frames ?? [], (list) => still({ ...small, frames: list }));
  small = { ...small, frames };
  small = { ...small, orders: await smallest(small.orders, shorter) };
  // What was needed for an order that is gone now may be left out as well.
  const again = await smallest(small.frames ?? [], (list) => still({ ...small, frames: list }));
  small = { ...small, frames: again };
  const untorn = small.orders.map((order) => withoutTear(order));
  return (await still({ ...small, orders: untorn })) ? { ...small, orders: untorn } : small;
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
