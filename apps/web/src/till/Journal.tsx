import { useContext, useState } from "react";
import type { TransactionName } from "@tillway/transactions";
import { LanguageContext, useBoth, useText } from "../language/index.ts";
import type { Books } from "./books.ts";
import { found, type Period } from "./journal.ts";
import { JournalEntry } from "./JournalEntry.tsx";
import { shown } from "./money.ts";
import type { Entry, Following, OfferedType } from "./terminal.ts";

const periods: readonly Period[] = ["batch", "today", "all"];

/** The day of a moment where the till stands. */
const day = (at: number): string => new Date(at).toDateString();

type SearchProps = {
  readonly period: Period;
  readonly words: string;
  /** Whether it is looked through for its own sake, so that words are typed at once. */
  readonly autoFocus: boolean;
  readonly onPeriod: (period: Period) => void;
  readonly onWords: (words: string) => void;
};

function SearchFields({ period, words, autoFocus, onPeriod, onWords }: SearchProps) {
  const text = useText();
  return (
    <div className="search">
      <div role="group" aria-label={text("journal.period")}>
        {periods.map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === period}
            onClick={() => onPeriod(one)}
          >
            {text(`journal.${one}`)}
          </button>
        ))}
      </div>
      <input
        type="search"
        autoFocus={autoFocus}
        value={words}
        aria-label={text("journal.search")}
        placeholder={text("journal.search")}
        onChange={({ target }) => onWords(target.value)}
      />
    </div>
  );
}

/** A transaction in two lines. */
function Summary({ entry }: { readonly entry: Entry }) {
  const text = useText();
  const both = useBoth();
  const language = useContext(LanguageContext);
  const time = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "short" });
  return (
    <>
      <span className="what">{both(entry.text)}</span>
      <span className="sum">
        {entry.currency} {shown(entry.amount)}
      </span>
      <span className="when">
        {time.format(entry.at)} · {entry.rrn ?? entry.stan} · {entry.maskedPan}
      </span>
      <span className="state">{text(`state.${entry.state}`)}</span>
    </>
  );
}

type Props = {
  readonly tid: string;
  readonly books: Books;
  readonly types: readonly OfferedType[];
  /** Types that an original is looked for; empty: the journal as it is. */
  readonly wanted: readonly TransactionName[];
  readonly onFollow: (entry: Entry, following: Following) => void;
  readonly onByHand: (() => void) | undefined;
  readonly onBack: () => void;
};

/** The terminal's journal: looked through, or an original chosen from it. */
export function Journal(props: Props) {
  const { tid, books, types, wanted, onFollow, onByHand, onBack } = props;
  const text = useText();
  const [period, setPeriod] = useState<Period>(wanted.length > 0 ? "all" : "batch");
  const [words, setWords] = useState("");
  const [open, setOpen] = useState("");
  const now = { batch: books.batch, at: Date.now(), day };
  const list = found(books.entries, { period, words, wanted }, now);
  return (
    <section className="panel journal" aria-labelledby="journal-title">
      <div className="title">
        <h2 id="journal-title">{text(wanted.length > 0 ? "journal.choose" : "journal.title")}</h2>
        {onByHand && (
          <button type="button" onClick={onByHand}>
            {text("journal.byHand")}
          </button>
        )}
        <button type="button" onClick={onBack}>
          {text("action.back")}
        </button>
      </div>
      <SearchFields
        period={period}
        words={words}
        autoFocus={wanted.length === 0}
        onPeriod={setPeriod}
        onWords={setWords}
      />
      {list.length === 0 && <p className="quiet">{text("journal.none")}</p>}
      <ul className="entries">
        {list.map((entry) => (
          <li key={entry.id} data-state={entry.state}>
            <button
              type="button"
              aria-expanded={open === entry.id}
              onClick={() => setOpen(open === entry.id ? "" : entry.id)}
            >
              <Summary entry={entry} />
            </button>
            {open === entry.id && (
              <JournalEntry
                tid={tid}
                entry={entry}
                types={types}
                wanted={wanted}
                onFollow={(following) => onFollow(entry, following)}
              />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
