/** Secret files of the data folder: made at first start, readable by their owner alone. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { secretFiles } from "@tillway/configuration";

export const { keyFile, readIfThere, secretText, writeSecret } = secretFiles(fs, randomBytes);
