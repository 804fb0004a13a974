/** `tillway`: reads the command, runs it, prints its ending. Exit codes: 0 done, 2 declined, 1 could not. */
import { resolve } from "node:path";
import { ConfigurationError } from "@tillway/configuration";
import { everyFlag, readArguments, type Flags } from "./arguments.ts";
import { audit } from "./commands/audit.ts";
import { cards } from "./commands/cards.ts";
import type { Command } from "./commands/command.ts";
import { dbBackup, dbMigrate, dbRestore } from "./commands/db.ts";
import { emvDecode, qrDecode } from "./commands/inspect.ts";
import { load } from "./commands/load.ts";
import { decode, encode, spec } from "./commands/message.ts";
import { simulate } from "./commands/simulate.ts";
import { start } from "./commands/start.ts";
import { terminalCommands } from "./commands/terminal.ts";
import { transactions } from "./commands/transactions.ts";
import { transcript, vectors } from "./commands/vectors.ts";
import { CommandError, print, say, table } from "./output.ts";

const commands: Readonly<Record<string, Command>> = {
  start,
  ...transactions,
  ...terminalCommands,
  cards,
  decode,
  encode,
  spec,
  "emv decode": emvDecode,
  "qr decode": qrDecode,
  vectors,
  transcript,
  load,
  audit,
  "db migrate": dbMigrate,
  "db backup": dbBackup,
  "db restore": dbRestore,
  simulate,
};

function flagLines(flags: Flags): string {
  return table(
    Object.entries({ ...flags, ...everyFlag }).map(([name, { takes, meaning }]) => [
      `  --${name}${takes ? ` ${takes}` : ""}`,
      meaning,
    ]),
  );
}

function overview(): string {
  const rows = Object.values(commands).map(({ words, meaning }) => [`  tillway ${words}`, meaning]);
  return `${table(rows)}\n\ntillway COMMAND --help says more.`;
}

async function main(words: readonly string[]): Promise<number> {
  // Some commands have two words: "qr decode".
  const pair = words.slice(0, 2).join(" ");
  const name = Object.hasOwn(commands, pair) ? pair : words[0];
  const rest = words.slice(name === pair ? 2 : 1);
  const asJson = rest.includes("--json");
  const command = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    const known = name === undefined || name === "help" || name === "--help";
    if (known) process.stdout.write(`${overview()}\n`);
    else say(`there is no command ${name}: run "npx tillway --help" for the list`);
    return known ? 0 : 1;
  }
  try {
    const given = readArguments(rest, command.flags);
    if (given.has("help")) {
      process.stdout.write(
        `tillway ${command.words}: ${command.meaning}\n${flagLines(command.flags)}\n`,
      );
      return 0;
    }
    const environment = process.env;
    const data = resolve(given.value("data") ?? environment.TILLWAY_DATA ?? ".tillway");
    const ending = await command.run(given, { data, environment });
    print(ending, asJson);
    return ending.exit;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      for (const problem of error.problems) say(problem);
      return 1;
    }
    const sentence = error instanceof Error ? error.message : "it failed for an unknown reason";
    const told = error instanceof CommandError ? error : new CommandError(sentence);
    if (asJson) process.stdout.write(`${JSON.stringify(told.json)}\n`);
    say(sentence);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
