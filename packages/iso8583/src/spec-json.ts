import { checkTable } from "./check-table.ts";
import { SpecError } from "./errors.ts";
import { defineSpec, type Spec, type SpecTable } from "./spec.ts";
import { type FieldTable } from "./table.ts";
import { isRecord } from "./validate.ts";

/** Specs as JSON files, so that a dialect is added without code. */

const FORMAT = "tillway-iso8583-spec-1";

/** The whole spec as JSON; `importSpec` makes the same spec of it. */
export function exportSpec(spec: Spec): string {
  return `${JSON.stringify({ format: FORMAT, ...spec.table }, undefined, 2)}\n`;
}

/** A spec from JSON. Throws SpecError with everything that is wrong, each with its path. */
export function importSpec(json: string): Spec {
  const data = parsed(json);
  if (!isRecord(data) || data.format !== FORMAT) {
    throw new SpecError([{ path: ["format"], message: `must be ${FORMAT}` }]);
  }
  const { format: _format, ...table } = data;
  const problems = checkTable(table);
  if (problems.length > 0) throw new SpecError(problems);
  return defineSpec<FieldTable>(table as SpecTable);
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new SpecError([{ path: [], message: "not JSON" }]);
  }
}
