/** Secret files of the data folder: made at first start, readable by their owner alone. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { secretFiles } from "@tillway/configuration";
import { createSoftwareModule, type SecurityModule } from "@tillway/keys";

export const { keyFile, readIfThere, writeSecret } = secretFiles(fs, randomBytes);

/** The security module of this installation, with the master key of its data folder. */
export function openModule(data: string, random: (length: number) => Uint8Array): SecurityModule {
  const masterKey = keyFile(join(data, "acquirer", "master.key"), random);
  return createSoftwareModule({ masterKey, random });
}
