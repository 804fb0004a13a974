/** Runs jobs one after the other, in the order in which they came. */
export type Lane = <T>(job: () => Promise<T>) => Promise<T>;

/** A lane; a job that fails fails alone. */
export function createLane(): Lane {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const next = last.then(job);
    last = next.catch(() => undefined);
    return next;
  };
}
