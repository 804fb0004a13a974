import { type Probe } from "./table.ts";

type Fields = Readonly<Partial<Record<string, string>>>;

/** Whether the probed characters are there and are one of its values. */
export function holds(probe: Probe, fields: Fields): boolean {
  const value = probed(fields, probe);
  return value !== undefined && probe.values.includes(value);
}

/** The probed characters, or undefined where the field is absent or ends before them. */
export function probed(fields: Fields, probe: Probe): string | undefined {
  const value = fields[probe.field];
  if (value === undefined || value.length < (probe.to ?? 0)) return undefined;
  return value.slice(probe.from ?? 0, probe.to ?? value.length);
}
