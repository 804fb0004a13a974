/** The tables of docs/transactions.md and its Chinese page, made from the code that they are about. */
import { catalogue, transactionNames, type TransactionType } from "@tillway/transactions";
import { lifeOf, lives, machineTable, type Life } from "../apps/acquirer/src/payments/index.ts";
import { refusals } from "../apps/acquirer/src/wire/index.ts";

export type Language = "en" | "zh";

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const heads = {
  en: {
    types: ["type", "中文", "MTI", "DE 3", "DE 25", "60.1", "network", "names", "amount", "life"],
    effects: [
      "type",
      "at the issuer",
      "in the acquirer's books",
      "DE 48",
      "if the outcome is unknown",
    ],
    refusals: ["code", "reason", "meaning"],
  },
  zh: {
    types: [
      "类型",
      "英文",
      "MTI",
      "域3",
      "域25",
      "60.1",
      "银行卡网络",
      "原交易",
      "金额",
      "生命周期",
    ],
    effects: ["类型", "发卡行", "收单账务", "域48", "结果不明时"],
    refusals: ["应答码", "原因", "含义"],
  },
} as const;

const networkOf = ({ network }: TransactionType): string =>
  network ? `${network.mti} ${network.processing} ${network.condition} ${network.reason}` : "–";

/** How each type is told on both lines, and what it follows. */
export function typesTable(language: Language): string {
  const rows = transactionNames.map((name) => {
    const type = catalogue[name];
    const { pos, text, follows, amount } = type;
    const names = language === "en" ? [name, text.zh] : [text.zh, name];
    const originals = follows.join(", ") || "–";
    const codes = [pos.mti, pos.processing, pos.condition, pos.type, networkOf(type)];
    return [...names, ...codes, originals, amount, lifeOf(name)];
  });
  return table(heads[language].types, rows);
}

/** What each type does, where it is counted and what undoes it. */
export function effectsTable(language: Language): string {
  const rows = transactionNames.map((name) => {
    const { text, issuing, posting, total, undo } = catalogue[name];
    return [language === "en" ? name : text.zh, issuing, posting, total ?? "–", undo];
  });
  return table(heads[language].effects, rows);
}

/** Why a message is refused, in order. */
export function refusalsTable(language: Language): string {
  const rows = refusals.map(({ code, reason, meaning, zh }) => [
    code,
    reason,
    language === "en" ? meaning : zh,
  ]);
  return table(heads[language].refusals, rows);
}

/** Every table by its name in the pages. */
export function tables(language: Language): ReadonlyMap<string, string> {
  const machines = lives.map((life: Life) => [`life ${life}`, machineTable(life)] as const);
  return new Map([
    ["types", typesTable(language)],
    ["effects", effectsTable(language)],
    ["refusals", refusalsTable(language)],
    ...machines,
  ]);
}

/** A page with each table put between its marks. */
export function filled(page: string, language: Language): string {
  let text = page;
  for (const [name, made] of tables(language)) {
    const mark = new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(<!-- end -->)`);
    text = text.replace(mark, (_, open: string, close: string) => `${open}\n${made}\n\n${close}`);
  }
  return text;
}
