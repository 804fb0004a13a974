export { openHttp } from "./server.ts";
