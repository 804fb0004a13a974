import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import { runToEnd, type Launch } from "./processes.ts";

/** As whom PostgreSQL runs. `owner` is the uid that its files have, seen from outside. */
export type Identity =
  | { readonly kind: "self"; readonly owner: number }
  | {
      /** A user namespace in which we appear as an account of the passwd file. */
      readonly kind: "namespace";
      readonly owner: number;
      readonly uid: number;
      readonly gid: number;
    }
  | {
      readonly kind: "account";
      readonly owner: number;
      readonly gid: number;
      readonly name: string;
    };

export type PasswdEntry = { readonly name: string; readonly uid: number; readonly gid: number };

/** The accounts of a passwd file (passwd(5)). */
export function parsePasswd(text: string): PasswdEntry[] {
  return text.split("\n").flatMap((line) => {
    const fields = line.split(":");
    const [name, , uid, gid] = fields;
    if (fields.length < 7 || !name || !/^\d+$/.test(uid ?? "") || !/^\d+$/.test(gid ?? "")) {
      return [];
    }
    return [{ name, uid: Number.parseInt(uid ?? "", 10), gid: Number.parseInt(gid ?? "", 10) }];
  });
}

/** How a program is started so that it runs under an identity. */
export function launchAs(
  identity: Identity,
  command: string,
  args: readonly string[],
  cwd: string,
): Launch {
  switch (identity.kind) {
    case "self":
      return { command, args, cwd };
    case "namespace":
      return {
        command: "unshare",
        args: [
          "-U",
          `--map-user=${identity.uid}`,
          `--map-group=${identity.gid}`,
          "--",
          command,
          ...args,
        ],
        cwd,
      };
    case "account":
      break;
  }
  return { command, args, cwd, uid: identity.owner, gid: identity.gid };
}

/** Whether a shell test holds under an identity (for reaching folders and programs). */
export async function holdsFor(identity: Identity, script: string, path: string): Promise<boolean> {
  const launch = launchAs(identity, "/bin/sh", ["-c", script, "sh", path], "/");
  return (await runToEnd(launch)).code === 0;
}

/**
 * The identities to try, best first. A cluster that exists decides: PostgreSQL runs only as the
 * owner of its files. Empty where the cluster belongs to somebody that we cannot become.
 */
export async function identitiesToTry(
  self: number,
  cluster: string,
  folder: string,
): Promise<Identity[]> {
  const accounts = parsePasswd(await readFile("/etc/passwd", "utf8").catch(() => ""));
  const named = (name: string): PasswdEntry[] => accounts.filter((one) => one.name === name);
  const ordinary = [...named("postgres"), ...named("nobody"), ...accounts].filter(
    (one) => one.uid > 0,
  );
  const seen = ordinary[0];
  const namespace: Identity[] =
    seen === undefined || process.platform !== "linux"
      ? []
      : [{ kind: "namespace", owner: self, uid: seen.uid, gid: seen.gid }];
  const existing = (await stat(cluster).catch(() => undefined))?.uid;
  if (self !== 0) {
    if (existing !== undefined && existing !== self) return [];
    const own: Identity = { kind: "self", owner: self };
    // initdb wants the uid to have a name; the server itself does not.
    return existing !== undefined || isNamed() ? [own, ...namespace] : [...namespace, own];
  }
  if (existing === 0) return namespace;
  if (existing !== undefined) {
    const gid = accounts.find((one) => one.uid === existing)?.gid ?? existing;
    return [become({ name: `uid ${existing}`, uid: existing, gid })];
  }
  const above = (await stat(dirname(folder)).catch(() => undefined))?.uid ?? 0;
  const owners = accounts.filter((one) => one.uid === above && one.uid > 0);
  return [...namespace, ...[...owners, ...named("postgres"), ...named("nobody")].map(become)];
}

function become(one: PasswdEntry): Identity {
  return { kind: "account", owner: one.uid, gid: one.gid, name: one.name };
}

function isNamed(): boolean {
  try {
    userInfo();
    return true;
  } catch {
    return false;
  }
}
