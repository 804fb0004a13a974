/** The contactless face of the card. */
export { answerContactless } from "./answer.ts";
export { contactlessProfiles } from "./demonstration.ts";
export { personaliseContactless, PROXIMITY_DIRECTORY } from "./image.ts";
export type { ContactlessImage, ContactlessKeys } from "./image.ts";
export { parseContactlessProfile } from "./profile.ts";
export type { ContactlessProfile, ParsedContactlessProfile } from "./profile.ts";
export { tapCard } from "./reader.ts";
export { enterField, leaveField, unlockPhone } from "./state.ts";
export type { TapCardState, TapStage } from "./state.ts";
