import { createContext, useContext } from "react";
import { en, type Dictionary, type TextKey } from "./en.ts";
import { zhCN } from "./zh-CN.ts";

export type { TextKey } from "./en.ts";
export type Language = "en" | "zh-CN";

export const dictionaries: Readonly<Record<Language, Dictionary>> = { en, "zh-CN": zhCN };

/** The language of the page: the last choice, else the browser's. */
export function firstLanguage(): Language {
  const chosen = localStorage.getItem("tillway-language") ?? navigator.language;
  return chosen.startsWith("zh") ? "zh-CN" : "en";
}

export const LanguageContext = createContext<Language>("en");

/** The texts of the page's language. */
export function useText(): (key: TextKey) => string {
  const dictionary = dictionaries[useContext(LanguageContext)];
  return (key) => dictionary[key];
}

/** The page's language where a value carries both texts. */
export function useBoth(): (both: { readonly en: string; readonly zh: string }) => string {
  const language = useContext(LanguageContext);
  return (both) => (language === "zh-CN" ? both.zh : both.en);
}
