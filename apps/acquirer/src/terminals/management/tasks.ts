/** What a terminal is asked to do, by the processing requirement in the header of a reply (spec §2.1). */

/** In the order in which they are asked for: without good keys nothing else comes through. */
export const tasks = [
  "sign-in",
  "ca-keys",
  "applications",
  "parameters",
  "status",
  "software",
] as const;
export type Task = (typeof tasks)[number];

const digits: Readonly<Record<Task, string>> = {
  parameters: "1",
  status: "2",
  "sign-in": "3",
  "ca-keys": "4",
  applications: "5",
  software: "6",
};

/** Digit 6 of the header for what is to be done; "0" for nothing. */
export function requirement(pending: readonly Task[]): string {
  const first = tasks.find((task) => pending.includes(task));
  return first === undefined ? "0" : digits[first];
}

/** The header of a reply: the request's, with what the terminal is to do. */
export function withRequirement(header: string, digit: string): string {
  return header.slice(0, 5) + digit + header.slice(6);
}
