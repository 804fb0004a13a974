/** The load's own secret files: made at first use, readable by their owner alone. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { secretFiles } from "@tillway/configuration";

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));

export const { keyFile, readIfThere, writeSecret } = secretFiles(fs, random);
