export { misplaced, readDe59, type Binding, type Place } from "./location.ts";
export { openManagement, type Management, type TerminalSide } from "./management.ts";
export { applicationObject, caKeyObject, objectKinds, type ObjectKind } from "./objects.ts";
export { isParameter, parameters, scopes, wrongValue } from "./parameters.ts";
export {
  insertStore,
  moveToStore,
  putObjects,
  tasksOf,
  terminalStates,
  type TerminalState,
} from "./store.ts";
export { requirement, tasks, withRequirement, type Task } from "./tasks.ts";
