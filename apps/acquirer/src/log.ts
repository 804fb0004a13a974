/** What rooms need of a logger; pino has it. Never given card data, PINs or keys. */
export type Log = {
  readonly debug: (detail: object, message: string) => void;
  readonly info: (detail: object, message: string) => void;
  readonly warn: (detail: object, message: string) => void;
  readonly error: (detail: object, message: string) => void;
};

/**
 * An error as a log line may hold it: its kind and its text. Texts of our own errors hold no data;
 * those of the database driver may quote a row in other properties, which are left out.
 */
export function reasonOf(error: unknown): { readonly error: string } {
  return { error: error instanceof Error ? `${error.name}: ${error.message}` : "unknown" };
}
