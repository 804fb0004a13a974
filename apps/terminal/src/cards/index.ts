export { openReader, readerCard, type CardReader } from "./pcsc.ts";
export { openTray, type CardTray, type Inserted, type TrayCard } from "./tray.ts";
export {
  lendCard,
  openWebReader,
  webCard,
  type FromCard,
  type Hearing,
  type Line,
  type ToCard,
  type WebReader,
} from "./websocket.ts";
