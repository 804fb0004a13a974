export { answer, ATR } from "./answer.ts";
export type { CardAnswer } from "./answer.ts";
export { cryptogramData, readIad } from "./cryptogram.ts";
export type { CryptogramType, IssuerApplicationData } from "./cryptogram.ts";
export { personalise } from "./image.ts";
export type { AnyCardImage, CardImage, CardKeys, IssuerKeys, Random } from "./image.ts";
export type { CardFault } from "./faults.ts";
export { parseProfile } from "./profile.ts";
export type {
  AnyCardProfile,
  Bilingual,
  CardAccount,
  CardProfile,
  CardScheme,
  ParsedProfile,
} from "./profile.ts";
export type { AuthenticationMethod, ProfileOptions } from "./profile-options.ts";
export { demonstrationProfiles, rehearsalProfiles } from "./demonstration.ts";
export { SCRIPT_INS } from "./script.ts";
export { CRYPTOGRAM_VERSIONS } from "./versions.ts";
export type { AnyCryptogramVersion } from "./versions.ts";
export { insertCard } from "./reader.ts";
export type { Card } from "./reader.ts";
export { newCardState, resetCard } from "./state.ts";
export type { CardSession, CardState, Stage } from "./state.ts";
