import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { dictionaries, firstLanguage, LanguageContext, type Language } from "../language/index.ts";
import { Pairing } from "./Pairing.tsx";
import { pair, read, type Terminal } from "./terminal.ts";
import { Till } from "./Till.tsx";
import "./page.css";
import "./order.css";
import "./running.css";
import "./cashier.css";
import "./cards.css";

/** The terminal named in the address (?terminal=TID), or the first one. */
function chosen(terminals: readonly Terminal[]): Terminal | undefined {
  const wanted = new URLSearchParams(location.search).get("terminal");
  return terminals.find((one) => one.tid === wanted) ?? terminals[0];
}

/** Pairs with the code in the address (#pair=CODE), once, and takes it out of the address bar. */
async function pairFromAddress(): Promise<void> {
  const code = /^#pair=(.+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  await pair(decodeURIComponent(code));
}

function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [terminal, setTerminal] = useState<Terminal | "unpaired">();

  useEffect(() => {
    document.documentElement.lang = language;
    document.title = `${dictionaries[language]["app.title"]} · Tillway`;
    localStorage.setItem("tillway-language", language);
  }, [language]);

  const load = async (): Promise<void> => {
    const terminals = await read<readonly Terminal[]>("/terminals");
    setTerminal((terminals && chosen(terminals)) ?? "unpaired");
  };
  useEffect(() => {
    pairFromAddress().then(load, () => setTerminal("unpaired"));
  }, []);

  const other: Language = language === "en" ? "zh-CN" : "en";
  return (
    <LanguageContext value={language}>
      {terminal === "unpaired" && <Pairing onPaired={load} />}
      {terminal !== undefined && terminal !== "unpaired" && (
        <Till terminal={terminal} onLanguage={() => setLanguage(other)} />
      )}
    </LanguageContext>
  );
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
