export { openTray, type CardTray, type Inserted, type TrayCard } from "./tray.ts";
