/** Key blocks of the two parties, each in a store of its own. */
export { loadKeys, saveKey, type KeyTable } from "./store.ts";
export { makeOwnKeys, panKeysOf } from "./keys.ts";
